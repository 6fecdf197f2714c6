/**
 * The U-Net of the `inferena` benchmark's StableDiffusion row: latents of 4 channels, base 64, levels of 1, 2 and 4
 * times that with one residual block each, 16 groups, no biases in convolutions, no attention, no timestep. Written
 * once over the layers that it needs, so that all implementations compute the same. It has 5.3 M parameters by count,
 * not the 2 M of that benchmark's page.
 */
export interface UNetLayers<T> {
  channels(x: T): number;
  /** Convolution without bias, zeros around; weight [out, C, kernel, kernel] under `name`. */
  conv(name: string, x: T, out: number, kernel: 1 | 3, stride: 1 | 2): T;
  /** Group norm, then SiLU; `name`.weight and `name`.bias. */
  normSilu(name: string, x: T): T;
  /** Nearest neighbour, twice the sides. */
  upsample(x: T): T;
  /** Channels of both, a first. */
  concat(a: T, b: T): T;
  add(a: T, b: T): T;
}

export const latentShape = [2, 4, 32, 32] as const;
export const normGroups = 16;
/** Channels of the first level. */
export const firstChannels = 64;

function resBlock<T>(layers: UNetLayers<T>, name: string, x: T, out: number): T {
  let h = layers.conv(`${name}.conv1`, layers.normSilu(`${name}.norm1`, x), out, 3, 1);
  h = layers.conv(`${name}.conv2`, layers.normSilu(`${name}.norm2`, h), out, 3, 1);
  return layers.add(h, layers.channels(x) === out ? x : layers.conv(`${name}.res_conv`, x, out, 1, 1));
}

/** x and the result: latents, of `latentShape` in the benchmark. */
export function inferenaUnet<T>(layers: UNetLayers<T>, x: T, channels = firstChannels): T {
  const widths = [channels, 2 * channels, 4 * channels];
  const last = widths.length - 1;
  let h = layers.conv('conv_in', x, channels, 3, 1);
  const skips: T[] = [];
  for (let level = 0; level <= last; level++) {
    h = resBlock(layers, `encoder.${level}`, h, widths[level]!);
    skips.push(h);
    if (level < last) h = layers.conv(`down.${level}`, h, widths[level]!, 3, 2);
  }
  h = resBlock(layers, 'middle', h, widths[last]!);
  for (let level = last; level >= 0; level--) {
    if (level < last) h = layers.upsample(h);
    h = resBlock(layers, `decoder.${level}`, layers.concat(h, skips[level]!), widths[level]!);
  }
  return layers.conv('conv_out', layers.normSilu('norm_out', h), latentShape[1], 3, 1);
}
