import {
  demoWeights,
  trainedLayouts
} from "../chunk-RVM4JDUR.js";
import {
  evaluateDetections,
  evaluationRecord,
  readDetections,
  readGroundTruth,
  writeEvaluation
} from "../chunk-MGDUPHBE.js";
import {
  detect,
  writeDetectionsPage
} from "../chunk-JWDHQEF3.js";
import "../chunk-ZOERM2PQ.js";
import {
  formatStats
} from "../chunk-MBXCDZNF.js";
import "../chunk-LOYFLMAJ.js";
import "../chunk-T6JM6XVE.js";
import "../chunk-LJVP3GZA.js";
import "../chunk-RSM2DQM3.js";
import "../chunk-X4MMT7BF.js";
import "../chunk-KTCMITE2.js";
import "../chunk-MPJXQ5EU.js";
import "../chunk-3D4ROVPF.js";
import "../chunk-35FDYTRM.js";
import "../chunk-F6TGNQ67.js";
import "../chunk-AMP7OYK6.js";
import {
  writeSceneFolder
} from "../chunk-PI42MEZK.js";
import {
  rendererUnlike,
  sceneCategories
} from "../chunk-6GKYMKBI.js";
import "../chunk-ZOZ7FHQ3.js";
import "../chunk-LQGN7KL2.js";
import "../chunk-RDT35KUK.js";
import "../chunk-BLV74BJT.js";
import {
  command,
  openDevice,
  positiveInteger,
  runCommand,
  withDevice
} from "../chunk-26JDG3OC.js";
import "../chunk-HP4QYYGS.js";
import "../chunk-L5HLJDC5.js";
import "../chunk-A26XEMZC.js";
import "../chunk-CLXACCIO.js";
import "../chunk-IBDXW56B.js";
import {
  UserError
} from "../chunk-Q54TM6M7.js";

// tools/demo.ts
import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
var root = withDevice(command(
  "demo",
  "Detects objects in held-out built-in scenes with the weights that come with the repository.",
  "npm run demo"
).option("--count <number>", "scenes", positiveInteger, demoWeights.count).option("--out <dir>", "folder for the results; an earlier demo in it is replaced", "runs/demo")).action(async (options) => {
  const { out, count } = options;
  if (existsSync(out) && !existsSync(join(out, "scenes", "val.json"))) {
    throw new UserError(`--out ${out}: exists and is not an earlier demo`);
  }
  rmSync(out, { recursive: true, force: true });
  const scenes = join(out, "scenes");
  const { kind, size, seed } = demoWeights.scenes;
  await writeSceneFolder({
    out: scenes,
    count,
    valFraction: 1,
    categories: sceneCategories(kind),
    render: rendererUnlike({ kind, seed }, size, trainedLayouts())
  });
  const annotations = join(scenes, "val.json");
  await detect({
    ...options,
    generator: demoWeights.generator,
    prior: demoWeights.prior,
    images: [join(scenes, "images")],
    annotations,
    resume: true,
    preset: "search",
    ...demoWeights.settings
  }, () => openDevice(options));
  const gt = await readGroundTruth(annotations);
  const evaluation = evaluateDetections(gt, await readDetections(join(out, "detections.json"), gt));
  await writeEvaluation(join(out, "evaluation.json"), evaluationRecord(evaluation));
  await writeDetectionsPage(out);
  console.log(`
${formatStats(evaluation)}`);
});
await runCommand(root, process.argv.slice(2));
//# sourceMappingURL=demo.js.map
