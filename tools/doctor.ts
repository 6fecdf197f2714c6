/** `npm run doctor`: which adapter answers, what it offers, how fast it is, and what is wrong if none does. */
import { choiceFile, readChoices } from '../engine/choiceFile.ts';
import { Device } from '../engine/device.ts';
import { UserError } from '../engine/errors.ts';
import { measureRoofline } from '../engine/profile.ts';
import { describeOffer, describeVerdict, offeredMatrices, proveMatrices } from '../engine/proveMatrices.ts';
import { adapterOf, command, oneOf, runCommand, writeJson } from './cli.ts';

interface Options {
  readonly adapter?: string;
  readonly mode: 'safe' | 'fast';
  readonly json?: string;
}

const shownLimits = [
  'maxStorageBufferBindingSize', 'maxBufferSize', 'maxStorageBuffersPerShaderStage', 'maxComputeWorkgroupStorageSize',
  'maxComputeInvocationsPerWorkgroup', 'maxImmediateSize',
] as const;

async function diagnose(options: Options): Promise<void> {
  const device = await Device.open({
    mode: options.mode, timestamps: true, ...(options.adapter && { adapter: options.adapter }),
  });
  const { info } = device.adapter;
  const line = (name: string, value: unknown): void => console.log(`${name.padEnd(36)}${String(value)}`);
  line('adapter', info.description || info.device);
  line('vendor, architecture', `${info.vendor}, ${info.architecture}`);
  line('software adapter', device.capabilities.software ? 'yes: correct, but far slower than a GPU' : 'no');
  line('subgroup size', `${info.subgroupMinSize} to ${info.subgroupMaxSize}`);
  line('features', [...device.gpu.features].sort().join(' '));
  const matrices = offeredMatrices(device);
  line('subgroup matrix configurations', matrices.map(describeOffer).join(', ') || 'none');
  if (matrices.length > 0) {
    const verdicts = (await proveMatrices(device)).map(describeVerdict).join('; ');
    line('used for half precision', verdicts || 'none: halves with sums in f32 are needed');
  }
  const limits = Object.fromEntries(shownLimits.map((name) => [name, device.limits[name] as number]));
  for (const [name, value] of Object.entries(limits)) line(name, value);
  const roofline = device.gpu.features.has('timestamp-query') ? await measureRoofline(device) : null;
  line('measured fma peak', roofline ? `${roofline.fmaPeakGflops.toFixed(1)} GFLOP/s` : 'no timestamp queries here');
  line('measured memory peak', roofline ? `${roofline.memoryPeakGbPerSecond.toFixed(1)} GB/s` : '-');
  const kernels = choiceFile(adapterOf(device));
  const known = readChoices(kernels);
  line('measured kernels', `${known ? `${known.size} kinds of work` : 'not readable'}, in ${kernels}`);
  writeJson(options.json, {
    adapter: info.description || info.device, vendor: info.vendor, architecture: info.architecture,
    software: device.capabilities.software, features: [...device.gpu.features].sort(), limits, roofline, kernels,
  });
  device.close();
}

const hint = process.platform === 'linux'
  ? 'On Linux Dawn needs a Vulkan driver: install the one of your GPU, or run ./setup.sh as root for Mesa\'s '
    + 'software one. In a container the driver\'s files and /dev nodes must be passed in.'
  : 'Update the driver of your GPU.';

const root = command('doctor', 'Shows the WebGPU adapter, its features, limits and measured speed.', 'npm run doctor')
  .option('--adapter <name>', 'part of the name of the GPU adapter to use')
  .option('--mode <safe|fast>', 'toggles to open the device with', oneOf('safe', 'fast'), 'fast')
  .option('--json <file>', 'also write the figures to this file')
  .action(async (options: Options) => {
    try {
      await diagnose(options);
    } catch (error) {
      if (error instanceof UserError && !options.adapter) throw new UserError(`no WebGPU adapter answers. ${hint}`);
      throw error;
    }
  });

await runCommand(root, process.argv.slice(2));
