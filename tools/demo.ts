/** `npm run demo`: detects objects in held-out built-in scenes with the weights that come with the repository. */
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { writeSceneFolder } from '../data/sceneFolder.ts';
import { rendererUnlike, sceneCategories } from '../data/scenes.ts';
import { UserError } from '../engine/errors.ts';
import { evaluateDetections } from '../evaluate/coco.ts';
import { readDetections, readGroundTruth } from '../evaluate/cocoFiles.ts';
import { formatStats } from '../evaluate/cocoStats.ts';
import { evaluationRecord, writeEvaluation } from '../evaluate/evaluationFile.ts';
import { writeDetectionsPage } from '../evaluate/report/detectionsPage.ts';
import { command, openDevice, positiveInteger, runCommand, withDevice } from './cli.ts';
import { detect } from './detect.ts';
import { demoWeights, trainedLayouts } from './demoWeights.ts';

interface Options {
  readonly count: number;
  readonly out: string;
  readonly seed: number;
  readonly adapter?: string;
  readonly mode: 'safe' | 'fast';
}

const root = withDevice(command('demo',
  'Detects objects in held-out built-in scenes with the weights that come with the repository.', 'npm run demo')
  .option('--count <number>', 'scenes', positiveInteger, demoWeights.count)
  .option('--out <dir>', 'folder for the results; an earlier demo in it is replaced', 'runs/demo'))
  .action(async (options: Options) => {
    const { out, count } = options;
    if (existsSync(out) && !existsSync(join(out, 'scenes', 'val.json'))) {
      throw new UserError(`--out ${out}: exists and is not an earlier demo`);
    }
    rmSync(out, { recursive: true, force: true });
    const scenes = join(out, 'scenes');
    const { kind, size, seed } = demoWeights.scenes;
    // Layouts that training has not shown, in scenes of another seed.
    await writeSceneFolder({
      out: scenes, count, valFraction: 1, categories: sceneCategories(kind),
      render: rendererUnlike({ kind, seed }, size, trainedLayouts()),
    });
    const annotations = join(scenes, 'val.json');
    await detect({
      ...options, generator: demoWeights.generator, prior: demoWeights.prior,
      images: [join(scenes, 'images')], annotations, resume: true, preset: 'search', ...demoWeights.settings,
    }, () => openDevice(options));
    const gt = await readGroundTruth(annotations);
    const evaluation = evaluateDetections(gt, await readDetections(join(out, 'detections.json'), gt));
    await writeEvaluation(join(out, 'evaluation.json'), evaluationRecord(evaluation));
    await writeDetectionsPage(out);
    console.log(`\n${formatStats(evaluation)}`);
  });

await runCommand(root, process.argv.slice(2));
