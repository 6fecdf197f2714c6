import {
  compactRun
} from "../chunk-22L2NBXD.js";
import "../chunk-QDA7GGQG.js";
import {
  command,
  oneOf,
  required,
  runCommand
} from "../chunk-ACJDHND3.js";
import "../chunk-A26XEMZC.js";
import "../chunk-CLXACCIO.js";
import "../chunk-V7NLP5BI.js";
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
