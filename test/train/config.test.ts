import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { UserError } from '../../engine/errors.ts';
import { encodeLayout, layoutVocabulary } from '../../models/layoutTokens.ts';
import { latentShape } from '../../models/autoencoder/config.ts';
import { splitOverrides } from '../../tools/cli.ts';
import { overrideConfig } from '../../train/config.ts';
import { autoencoderRuns } from '../../train/presets/autoencoder.ts';
import { generatorRuns } from '../../train/presets/generator.ts';
import { priorRuns } from '../../train/presets/prior.ts';

const preset = generatorRuns.micro;

test('dotted options replace fields by type and leave the preset alone', () => {
  const before = JSON.stringify(preset);
  const config = overrideConfig(preset, {
    'optim.lr': '5e-4', 'data.flip': 'false', 'model.unet.channelMult': '1,2,4', 'timesteps.0': '5',
    'optim.decay': 'linear', 'model.unet.attentionFactors': '',
  });
  assert.is(config.optim.lr, 5e-4);
  assert.is(config.data.flip, false);
  assert.equal(config.model.unet.channelMult, [1, 2, 4]);
  assert.equal(config.model.unet.attentionFactors, []);
  assert.equal(config.timesteps, [5, 20]);
  assert.is(config.optim.decay, 'linear');
  assert.is(JSON.stringify(preset), before);
});

test('what does not fit is refused', () => {
  const refused = (path: string, text: string, pattern: RegExp): void => assert.throws(
    () => overrideConfig(preset, { [path]: text }),
    (error: Error) => error instanceof UserError && pattern.test(error.message));
  refused('optim.rate', '1', /no option 'rate'; there are lr,/);
  refused('optim.lr.x', '1', /no option 'x'; there are nothing/);
  refused('optim.toString', '1', /no option 'toString'/);
  refused('model.unet', '1', /--model\.unet: names a group of options, not one; it holds latentChannels/);
  refused('optim.lr', '', /must be a number, found ''/);
  refused('optim.lr', 'Infinity', /must be a number/);
  refused('data.flip', '1', /must be true or false, found '1'/);
  refused('optim.decay', 'steep', /must be constant, linear, cosine; found 'steep'/);
  refused('model.unet.channelMult', '1,x', /must be a number, found 'x'/);
});

test('splitOverrides takes dotted options out and leaves the rest', () => {
  const { argv, overrides } = splitOverrides(
    ['--out', 'a.b', '--optim.lr', '1e-3', '--data.flip=false', '--resume', '--optim.ema']);
  assert.equal(argv, ['--out', 'a.b', '--resume']);
  assert.equal(overrides, { 'optim.lr': '1e-3', 'data.flip': 'false', 'optim.ema': '' });
});

test('presets fit together: latents, vocabulary and positions', () => {
  for (const [name, { model, vocabulary, timesteps }] of Object.entries(generatorRuns)) {
    const whole = layoutVocabulary({ ...vocabulary, classCount: 3 });
    assert.is(model.encoder.vocabularySize, vocabulary.vocabularySize, name);
    assert.ok(model.encoder.maxLength >= whole.length, name);
    assert.is(encodeLayout(whole, []).length, whole.length);
    assert.ok(timesteps[0] >= 0 && timesteps[1] <= model.diffusion.schedule.steps, name);
  }
  for (const name of ['tiny', 'micro'] as const) {
    const { model, data } = autoencoderRuns[name];
    assert.is(latentShape(model, data.size, data.size)[0], generatorRuns[name].model.unet.latentChannels, name);
  }
  for (const name of ['tiny', 'flat', 'micro'] as const) {
    const { vocabularySize, maxObjects } = generatorRuns[name].vocabulary;
    assert.is(priorRuns[name].model.gridSide ** 2 + 1, vocabularySize, name);
    assert.is(priorRuns[name].model.maxObjects, maxObjects, name);
  }
});

test('pictures that a first stage cannot halve are refused', () => {
  assert.throws(() => latentShape(autoencoderRuns.tiny.model, 66, 64),
    /64 x 66 px cannot be made 4 times smaller; use a multiple of 4/);
  assert.equal(latentShape({ kind: 'identity', factor: 2 }, 16, 16), [12, 8, 8]);
});

test.run();
