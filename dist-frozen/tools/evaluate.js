import {
  addLikelihood
} from "../chunk-IY3GMX6Z.js";
import "../chunk-XYYZIPSC.js";
import {
  cocoParams,
  evaluateDetections,
  evaluationRecord,
  readDetections,
  readGroundTruth,
  writeEvaluation
} from "../chunk-MGDUPHBE.js";
import {
  averagePrecision,
  averageRecall,
  formatStats
} from "../chunk-MBXCDZNF.js";
import "../chunk-LOYFLMAJ.js";
import "../chunk-T6JM6XVE.js";
import "../chunk-MPJXQ5EU.js";
import "../chunk-3D4ROVPF.js";
import "../chunk-35FDYTRM.js";
import "../chunk-F6TGNQ67.js";
import "../chunk-AMP7OYK6.js";
import "../chunk-BLV74BJT.js";
import {
  positiveInteger,
  runCommand
} from "../chunk-26JDG3OC.js";
import "../chunk-HP4QYYGS.js";
import "../chunk-L5HLJDC5.js";
import "../chunk-A26XEMZC.js";
import "../chunk-CLXACCIO.js";
import "../chunk-IBDXW56B.js";
import {
  UserError
} from "../chunk-Q54TM6M7.js";

// tools/evaluate.ts
import { dirname, join } from "node:path";
import { Command, Option } from "commander";
function program() {
  const root = new Command("evaluate");
  root.exitOverride().configureOutput({ writeErr: () => void 0 }).helpOption(false).helpCommand(false);
  root.command("detections", { isDefault: true }).helpOption("-h, --help", "show this help").description("Measures detections by the twelve COCO figures and per class; writes evaluation.json.").option("--annotations <file>", "ground truth, COCO instances JSON (required)").option("--detections <file>", "detections, COCO results JSON (required)").option("--out <dir>", "folder for evaluation.json (default: the folder of --detections)").option("--json <file>", "also write the figures to this file").addOption(new Option("--iou-thresholds <list>", "IoU thresholds, separated by commas").default(cocoParams.iouThrs, "0.5 to 0.95 in steps of 0.05").argParser(numbers("--iou-thresholds"))).addOption(new Option("--max-dets <list>", "three limits of detections per image and class").default(cocoParams.maxDets, "1,10,100").argParser(numbers("--max-dets"))).option("--count <number>", "only the first so many pictures, as detect --count takes them", positiveInteger).option("--use-ignore-flags", 'leave out annotations marked "ignore", which pycocotools counts', false).addHelpText("after", [
    "",
    "Example:",
    "  npm run evaluate -- --annotations data/val.json --detections runs/detect/detections.json"
  ].join("\n")).action(measureDetections);
  addLikelihood(root);
  return root;
}
function numbers(option) {
  return (text) => {
    const parts = text.split(",").map((part) => part.trim());
    const wrong = parts.find((part) => part === "" || !Number.isFinite(Number(part)));
    if (wrong !== void 0) {
      throw new UserError(`${option}: must be numbers separated by commas, found '${wrong}' in '${text}'.`);
    }
    return parts.map(Number);
  };
}
async function measureDetections(options) {
  const annotationsFile = required(options.annotations, "--annotations");
  const detectionsFile = required(options.detections, "--detections");
  const gt = await readGroundTruth(annotationsFile);
  const detections = await readDetections(detectionsFile, gt);
  const evaluation = evaluateDetections(gt, detections, {
    iouThrs: options.iouThresholds,
    maxDets: options.maxDets,
    useIgnoreFlags: options.useIgnoreFlags,
    ...options.count !== void 0 && { imgIds: gt.images.slice(0, options.count).map(({ id }) => id) }
  });
  printFigures(evaluation, detections);
  const shuffled = evaluateDetections(gt, scoredAgainstOthers(detections, evaluation.params.imgIds), evaluation.params);
  console.log(`objects found at IoU 0.50 with the right class: ${foundShare(evaluation)}; scored against the next picture's answers: ${foundShare(shuffled)}
`);
  const record = evaluationRecord(evaluation);
  const files = [join(options.out ?? dirname(detectionsFile), "evaluation.json")];
  if (options.json !== void 0) files.push(options.json);
  for (const file of files) {
    await writeEvaluation(file, record);
    console.log(`wrote ${file}`);
  }
}
function required(value, option) {
  if (value === void 0) throw new UserError(`${option} FILE is missing; --help lists the options.`);
  return value;
}
function scoredAgainstOthers(detections, imgIds) {
  const next = new Map(imgIds.map((id, i) => [id, imgIds[(i + 1) % imgIds.length]]));
  return detections.map((detection) => ({ ...detection, image_id: next.get(detection.image_id) ?? detection.image_id }));
}
function foundShare(evaluation) {
  const classes = evaluation.perClass.filter(({ objects: objects2 }) => objects2 > 0);
  const objects = classes.reduce((sum, figures) => sum + figures.objects, 0);
  const found = classes.reduce((sum, { categoryId, objects: own }) => sum + own * Math.max(0, averageRecall(evaluation, { iouThr: 0.5, categoryId })), 0);
  return objects === 0 ? "-" : `${(found / objects).toFixed(3)} (${Math.round(found)} of ${objects})`;
}
function printFigures(evaluation, detections) {
  const { params, perClass } = evaluation;
  const images = params.imgIds.length;
  const objects = perClass.reduce((sum, figures) => sum + figures.objects, 0);
  const empty = images - new Set(detections.map((detection) => detection.image_id)).size;
  console.log(`${images} images (${empty} without detections), ${objects} objects, ${detections.length} detections
`);
  console.log(formatStats(evaluation));
  const limit = params.maxDets.at(-1);
  if (!params.maxDets.includes(100)) {
    const ap = averagePrecision(evaluation).toFixed(3);
    console.log(` (the first line is defined at 100 detections only; AP at maxDets=${limit} is ${ap})`);
  }
  console.log(`
${classTable(perClass)}
`);
}
function classTable(perClass) {
  const figure = (value) => value < 0 ? "-" : value.toFixed(3);
  const rows = [
    ["class", "AP", "AP50", "AR", "objects", "detections"],
    ...perClass.map(({ name, AP, AP50, AR, objects, detections }) => [name, figure(AP), figure(AP50), figure(AR), String(objects), String(detections)])
  ];
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  const align = (cell, column) => column === 0 ? cell.padEnd(widths[0]) : cell.padStart(widths[column]);
  return rows.map((row) => row.map(align).join("  ")).join("\n");
}
await runCommand(program(), process.argv.slice(2));
//# sourceMappingURL=evaluate.js.map
