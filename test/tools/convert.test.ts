// Published weights to a run and back, through the command line, on files made here.
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ParamStore } from '../../engine/params.ts';
import { SafetensorsFile } from '../../engine/safetensors.ts';
import { gridPositions } from '../../models/dit/gridPositions.ts';
import { noiseSchedule } from '../../models/diffusion.ts';
import { generatorPresets } from '../../models/unet/config.ts';
import { latentShape } from '../../models/autoencoder/config.ts';
import { layoutVocabulary } from '../../models/layoutTokens.ts';
import { firstStageSpecs } from '../../pipeline/firstStage.ts';
import type { AutoencoderRun } from '../../train/autoencoder.ts';
import { generatorSpecs, type GeneratorDescription } from '../../pipeline/generator.ts';
import { loadRun } from '../../pipeline/run.ts';
import { writeMicroRuns, flatCategories } from '../support/microRuns.ts';
import { ditFile, firstStageFile, generatorFile, publishedValues, unetFile, writePublished, type Published }
  from '../support/publishedFiles.ts';
import { assertRefused, assertRuns } from '../support/runTool.ts';

const test = suite('tools: convert', { cwd: '' });
test.before((context) => { context.cwd = mkdtempSync(join(tmpdir(), 'convert-')); });
test.after(({ cwd }) => rmSync(cwd, { recursive: true }));

async function readAll(path: string): Promise<Record<string, { shape: readonly number[]; values: number[] }>> {
  const file = await SafetensorsFile.open(path);
  const found: Record<string, { shape: readonly number[]; values: number[] }> = {};
  for (const [name, { shape }] of file.entries) found[name] = { shape, values: [...await file.readFloats(name)] };
  await file.close();
  return found;
}

/** That a file holds these tensors with the values of `source`, by default their own. */
async function assertHolds(path: string, tensors: Published, extra: readonly string[] = []): Promise<void> {
  const found = await readAll(path);
  assert.equal(Object.keys(found).sort(), [...Object.keys(tensors), ...extra].sort());
  for (const [name, shape] of Object.entries(tensors)) {
    assert.equal(found[name]!.shape, shape, name);
    assert.equal(found[name]!.values, [...publishedValues(name, shape)], name);
  }
}

test('a first stage comes in as LDM and as diffusers name it, old and new, and goes out as both', async ({ cwd }) => {
  for (const naming of ['ldm', 'diffusers', 'old diffusers'] as const) {
    const run = `runs/${naming}`;
    const tensors = firstStageFile(naming);
    await writePublished(join(cwd, 'in.safetensors'), tensors);
    const printed = await assertRuns('convert', ['import', 'in.safetensors', '--preset', 'kl-micro', '--out', run],
      { cwd });
    const count = Object.keys(tensors).length;
    assert.match(printed, new RegExp(`used: ${count}: ${count} weights \\([\\d,]+ values\\)\n`));
    assert.match(printed, /missing: 0\nunexpected: 0\nwrong: 0\n/);
    const { weights, file, header } = loadRun<AutoencoderRun>(join(cwd, run), 'autoencoder');
    new ParamStore('first stage', firstStageSpecs(header.config.model, header.config.data.size)).load(weights, file);
    const format = naming === 'ldm' ? 'ldm' : 'diffusers';
    await assertRuns('convert', ['export', '--run', run, '--format', format, '--out', 'out.safetensors'], { cwd });
    if (naming !== 'old diffusers') await assertHolds(join(cwd, 'out.safetensors'), tensors);
  }
  // The same block under each name: the decoder's levels are counted the other way round.
  const weightsOf = (naming: string) => loadRun(join(cwd, 'runs', naming), 'autoencoder').weights;
  const shape = [8];
  assert.equal(weightsOf('diffusers').get('decoder.up.1.block.0.norm1.weight')!.data,
    publishedValues('decoder.up_blocks.0.resnets.0.norm1.weight', shape));
  assert.equal(weightsOf('old diffusers').get('encoder.mid.attn_1.proj_out.weight')!.data,
    publishedValues('encoder.mid_block.attentions.0.proj_attn.weight', [8, 8]));
  assert.equal(weightsOf('old diffusers').get('encoder.mid.attn_1.proj_out.weight')!.shape, [8, 8, 1, 1]);
  assert.equal(weightsOf('diffusers').get('decoder.up.1.attn.1.k.bias')!.data,
    publishedValues('decoder.up_blocks.0.attentions.1.to_k.bias', shape));
});

test('attention weights of either shape are taken', async ({ cwd }) => {
  const tensors = firstStageFile('diffusers');
  const matrix = 'encoder.mid_block.attentions.0.to_q.weight';
  await writePublished(join(cwd, 'in.safetensors'), { ...tensors, [matrix]: [8, 8, 1, 1] });
  await assertRuns('convert', ['import', 'in.safetensors', '--preset', 'kl-micro', '--out', 'runs/shapes'], { cwd });
});

test('a VQ first stage comes out of a latent diffusion model, whose other parts are left', async ({ cwd }) => {
  const inside = Object.fromEntries(Object.entries(firstStageFile('ldm', 'vq')).map(([name, shape]) =>
    [`first_stage_model.${name}`, shape]));
  await writePublished(join(cwd, 'in.safetensors'), { ...inside, ...unetFile(),
    'first_stage_model.loss.discriminator.main.0.weight': [2], betas: [3] });
  const printed = await assertRuns('convert', ['import', 'in.safetensors', '--preset', 'vq-micro', '--out', 'runs/vq',
    '--precision', 'f16'], { cwd });
  assert.match(printed, /ignored: 1: discriminator and perceptual loss/);
  const others = Object.keys(unetFile()).length + 1;
  assert.match(printed, new RegExp(`ignored: ${others}: other parts of a latent diffusion model`));
  const found = loadRun(join(cwd, 'runs/vq'), 'autoencoder').weights.get('quantize.embedding.weight')!;
  const expected = publishedValues('first_stage_model.quantize.embedding.weight', [7, 2]);
  found.data.forEach((value, i) => assert.ok(Math.abs(value - expected[i]!) < 1e-3 * Math.abs(expected[i]!)));
});

const { beta } = noiseSchedule(generatorPresets.micro.diffusion.schedule);
interface Account {
  readonly used: unknown[];
  readonly ignored: Record<string, string[]>;
}

const generator = ['import', 'ldm.safetensors', '--preset', 'layout2img-micro', '--classes', '3'];

test('a layout2img model comes in whole and goes out whole, with its idle head', async ({ cwd }) => {
  const average = (name: string): string => `model_ema.${name.slice('model.'.length).replaceAll('.', '')}`;
  const averages = Object.fromEntries(Object.entries(unetFile()).map(([name, shape]) => [average(name), shape]));
  await writePublished(join(cwd, 'ldm.safetensors'), {
    ...generatorFile(), ...averages, 'model_ema.decay': [], 'model_ema.num_updates': [],
    betas: [20], alphas_cumprod: [20], sqrt_recipm1_alphas_cumprod: [20], posterior_mean_coef1: [20], logvar: [20],
    'first_stage_model.loss.perceptual_loss.lin0.model.1.weight': [1, 4, 1, 1],
  }, { betas: beta });
  const printed = await assertRuns('convert', [...generator, '--out', 'runs/layout2img', '--json', 'account.json'],
    { cwd });
  const unet = Object.keys(unetFile()).length;
  assert.match(printed, /checked: 1: betas/);
  assert.match(printed, new RegExp(`ignored: ${unet + 2}: averages`));
  assert.match(printed, /ignored: 4: buffers that follow from betas/);
  assert.match(printed, /, 2 unused \(153 values\)/);
  const account = JSON.parse(readFileSync(join(cwd, 'account.json'), 'utf8')) as Account;
  assert.is(account.used.length, Object.keys(generatorFile()).length);
  assert.is(Object.values(account.ignored).flat().length, unet + 2 + 4 + 1);

  // The run opens as one that was trained.
  const run = loadRun<GeneratorDescription>(join(cwd, 'runs/layout2img'), 'generator');
  const { model, autoencoder, image, vocabulary, categories } = run.header.config;
  assert.equal(categories.map(({ name }) => name), ['class 0', 'class 1', 'class 2']);
  const { length } = layoutVocabulary(vocabulary);
  const specs = generatorSpecs(model, latentShape(autoencoder, image.size, image.size), length);
  new ParamStore('generator', specs).load(run.weights, run.file);
  const classes = run.frozen.get('slot_log_frequency.classes')!;
  assert.equal(classes.shape, [2, 4]);
  assert.ok(classes.data.every((value) => Math.abs(value - Math.log(1 / 4)) < 1e-6));

  const bothOut = ['--out', 'out.safetensors', '--first-stage', 'stage.safetensors'];
  await assertRuns('convert', ['export', '--run', 'runs/layout2img', ...bothOut], { cwd });
  await assertHolds(join(cwd, 'out.safetensors'), generatorFile(), ['betas']);
  const stage = await readAll(join(cwd, 'stage.safetensors'));
  assert.equal(Object.keys(stage).sort(), Object.keys(firstStageFile('ldm')).sort());

  const taken = await assertRuns('convert', [...generator, '--out', 'runs/ema', '--ema'], { cwd });
  assert.match(taken, new RegExp(`ignored: ${unet}: weights that --ema replaces by their averages`));
  const name = 'model.diffusion_model.output_blocks.1.2.conv.weight';
  assert.equal(loadRun(join(cwd, 'runs/ema'), 'generator').weights.get(name)!.data,
    publishedValues('model_ema.diffusion_modeloutput_blocks12convweight', [8, 8, 3, 3]));
});

test('classes and frequencies come from annotations where there are some', async ({ cwd }) => {
  const box = (id: number, image_id: number, category_id: number) =>
    ({ id, image_id, category_id, bbox: [0, 0, 8, 8], area: 64, iscrowd: 0 });
  writeFileSync(join(cwd, 'train.json'), JSON.stringify({
    images: [1, 2].map((id) => ({ id, file_name: `${id}.png`, width: 16, height: 16 })),
    annotations: [box(1, 1, 2), box(2, 2, 10)],
    categories: [{ id: 2, name: 'cat' }, { id: 10, name: 'dog' }],
  }));
  await assertRuns('convert', ['import', 'ldm.safetensors', '--preset', 'layout2img-micro', '--annotations',
    'train.json', '--out', 'runs/named'], { cwd });
  const { header, frozen } = loadRun<GeneratorDescription>(join(cwd, 'runs/named'), 'generator');
  assert.equal(header.config.categories, [{ id: 10, name: 'dog' }, { id: 2, name: 'cat' }]);
  const { data } = frozen.get('slot_log_frequency.classes')!;
  assert.ok(Math.exp(data[0]!) > 0.45 && Math.exp(data[1]!) > 0.45 && Math.exp(data[2]!) < 0.05);
});

test('a run that was trained here goes out and comes back', async ({ cwd }) => {
  await writeMicroRuns(join(cwd, 'trained'));
  writeFileSync(join(cwd, 'trained/generator/config.json'), '{"kind":"generator"}');
  writeFileSync(join(cwd, 'trained/prior/config.json'), '{"kind":"prior"}');
  const printed = await assertRuns('convert', ['export', '--run', 'trained/generator', '--out', 'trained.safetensors'],
    { cwd });
  assert.match(printed, /without 2 that the run does not have: cond_stage_model\.transformer\.to_logits\.weight/);
  const back = ['import', 'trained.safetensors', '--preset', 'layout2img-micro', '--classes', '3', '--out',
    'runs/back'];
  await assertRefused('convert', back, /1 are wrong.*scale_factor is 0\.8\d*, not 1\. Give it as --latent-scale/,
    { cwd });
  await assertRuns('convert', [...back, '--latent-scale', '0.8'], { cwd });
  const [before, after] = ['trained/generator', 'runs/back']
    .map((dir) => loadRun<GeneratorDescription>(join(cwd, dir), 'generator'));
  assert.equal(after!.weights, before!.weights);
  assert.is(after!.header.config.latentScale, 0.8);
  assert.is(flatCategories.length, after!.header.config.categories.length);
  await assertRefused('convert', ['export', '--run', 'trained/prior', '--out', 'x'],
    /kind "prior"; autoencoder, generator and dit can/, { cwd });
  await assertRefused('convert', ['export', '--run', 'trained', '--out', 'x'], /trained: is not the folder of a run/,
    { cwd });
});

test('a diffusion transformer comes in, alone or with its first stage, and goes out', async ({ cwd }) => {
  const positions = { pos_embed: gridPositions(3, 8) };
  await writePublished(join(cwd, 'dit.safetensors'), { ...ditFile(), pos_embed: [1, 9, 8] }, positions);
  const bare = await assertRuns('convert', ['import', 'dit.safetensors', '--preset', 'dit-micro', '--out',
    'runs/bare'], { cwd });
  assert.match(bare, /used: 31: 31 weights[^]*checked: 1: pos_embed/);
  await writePublished(join(cwd, 'vae.safetensors'), firstStageFile('diffusers'));
  await assertRuns('convert', ['import', 'dit.safetensors', 'vae.safetensors', '--preset', 'dit-micro', '--out',
    'runs/dit'], { cwd });
  await assertRuns('convert', ['export', '--run', 'runs/dit', '--out', 'dit-out', '--first-stage', 'vae-out',
    '--format', 'diffusers'], { cwd });
  await assertHolds(join(cwd, 'dit-out'), ditFile(), ['pos_embed']);
  const { pos_embed: found } = await readAll(join(cwd, 'dit-out'));
  assert.equal(found, { shape: [1, 9, 8], values: [...gridPositions(3, 8)] });
  await assertHolds(join(cwd, 'vae-out'), firstStageFile('diffusers'));
  await assertRefused('convert', ['export', '--run', 'runs/bare', '--out', 'x', '--first-stage', 'y'],
    /--first-stage: the run runs.bare came with no first stage/, { cwd });
  await writePublished(join(cwd, 'moved.safetensors'), { ...ditFile(), pos_embed: [1, 9, 8] });
  await assertRefused('convert', ['import', 'moved.safetensors', '--preset', 'dit-micro', '--out', 'runs/moved'],
    /pos_embed\[0\] is .*, not 0\. It was trained with other positions/, { cwd });
  assert.not.ok(existsSync(join(cwd, 'runs/moved')));
});

test('what does not fit is named, and nothing is written', async ({ cwd }) => {
  const before = readdirSync(join(cwd, 'runs'));
  const tensors = firstStageFile('ldm');
  const refused = async (changed: Published, pattern: RegExp, more: string[] = []): Promise<void> => {
    await writePublished(join(cwd, 'bad.safetensors'), changed);
    await assertRefused('convert', ['import', 'bad.safetensors', '--preset', 'kl-micro', '--out', 'runs/bad', ...more],
      pattern, { cwd });
  };
  const { 'decoder.conv_out.bias': _, ...without } = tensors;
  await refused(without,
    /^convert: bad\.safetensors: 1 keys are missing, 0 are wrong, 0 are unexpected; first: decoder/);
  await refused({ ...tensors, 'encoder.conv_in.weight': [4, 1, 3, 3] },
    /1 are wrong.*encoder\.conv_in\.weight is \[4, 1, 3, 3\], not \[4, 3, 3, 3\]/);
  await refused({ ...tensors, 'encoder.down.2.block.0.norm1.bias': [8] },
    /1 are unexpected; first: encoder\.down\.2.*--skip-unexpected/);
  await refused(tensors, /--ema: only a latent diffusion model/, ['--ema']);
  await writePublished(join(cwd, 'bad.safetensors'), tensors, { 'encoder.conv_in.bias': [0, 1e5, NaN, 0] });
  const bad = ['import', 'bad.safetensors', '--preset', 'kl-micro', '--out', 'runs/bad'];
  await assertRefused('convert', bad, /weights\/encoder\.conv_in\.bias holds NaN at 2; weights must be finite/,
    { cwd });
  await writePublished(join(cwd, 'bad.safetensors'), tensors, { 'encoder.conv_in.bias': [0, 1e5, 0, 0] });
  await assertRefused('convert', [...bad, '--precision', 'f16'],
    /holds 100000 at 1; f16 ends at 65504: use --precision f32/, { cwd });
  await writePublished(join(cwd, 'ldm.safetensors'), { ...generatorFile(), betas: [20] });
  await assertRefused('convert', [...generator, '--out', 'runs/bad'],
    /betas\[0\] is .*, not 0\.01\. It was trained with another noise schedule/, { cwd });
  writeFileSync(join(cwd, 'bad.safetensors'), 'no such format');
  await assertRefused('convert', bad, /bad\.safetensors: the header's length is/, { cwd });
  await assertRefused('convert', ['import', 'dit.safetensors', 'dit.safetensors', '--preset', 'dit-micro', '--out',
    'runs/bad'],
    /holds '[^']+', which dit\.safetensors holds as well/, { cwd });
  assert.equal(readdirSync(join(cwd, 'runs')), before);

  await writePublished(join(cwd, 'bad.safetensors'), { ...tensors, surplus: [1] });
  const printed = await assertRuns('convert', [...bad, '--skip-unexpected'], { cwd });
  assert.match(printed, /unexpected: 1: surplus/);
});

test('options', async ({ cwd }) => {
  const refused = (args: string[], pattern: RegExp) => assertRefused('convert', args, pattern, { cwd });
  await refused(['import', 'x', '--preset', 'huge', '--out', 'y'],
    /--preset.*must be layout2img-256,.*kl-f8.*found 'huge'/);
  await refused(['import', 'x', '--preset', 'kl-f8'], /--out is missing/);
  await refused(['import', '--preset', 'kl-f8', '--out', 'y'], /missing required argument 'files'/);
  await refused(['import', 'x', '--preset', 'kl-f8', '--out', 'y'], /x: cannot be read \(ENOENT\)/);
  await refused(['import', 'x', '--preset', 'layout2img-256', '--out', 'y'],
    /do not name their classes; give --annotations FILE or --classes N/);
  await refused(['import', 'x', '--preset', 'kl-f8', '--out', 'runs'], /runs: holds \S+ already; choose another --out/);
  await refused(['import', 'x', '--preset', 'kl-f8', '--out', 'y', '--latent-scale', '1'],
    /--latent-scale: has no use with/);
  await refused(['import', 'x', '--preset', 'dit-s-2', '--out', 'y', '--classes', '3'],
    /--classes: has no use with --preset dit/);
  await refused(['export', '--out', 'y'], /--run is missing/);
  await refused(['melt'], /unknown command 'melt'/);
});

test.run();
