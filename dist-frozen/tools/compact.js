import {
  compactRun
} from "../chunk-F6TGNQ67.js";
import "../chunk-AMP7OYK6.js";
import {
  command,
  oneOf,
  required,
  runCommand
} from "../chunk-26JDG3OC.js";
import "../chunk-A26XEMZC.js";
import "../chunk-CLXACCIO.js";
import "../chunk-IBDXW56B.js";
import "../chunk-Q54TM6M7.js";

// tools/compact.ts
var root = command(
  "compact",
  "Copies the weights of a run (averages where kept) in half precision, without optimiser state.",
  "npm run compact -- --kind generator --run runs/generator --out weights/generator"
).option("--kind <kind>", "autoencoder, generator or prior", oneOf("autoencoder", "generator", "prior"), "generator").option("--run <dir>", "folder of a run (required)").option("--out <dir>", "folder to write (required)").action(async (options) => {
  const file = await compactRun(required(options.run, "--run"), options.kind, required(options.out, "--out"));
  console.log(`wrote ${file}`);
});
await runCommand(root, process.argv.slice(2));
//# sourceMappingURL=compact.js.map
