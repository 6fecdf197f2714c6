import { SafetensorsFile } from '../engine/safetensors.ts';
import type { NamedFloats } from '../engine/params.ts';
import { sliceOfLayer } from '../models/autoencoder/perceptual.ts';

/** Our name of a published tensor of LPIPS or of VGG16; null for those that it has no use for. */
export function perceptualName(key: string): string | null {
  const own = /^(?:.*\.)?(net\.slice\d\.\d+\.(?:weight|bias)|lin\d\.model\.1\.weight)$/.exec(key);
  if (own) return own[1]!;
  const vgg = /^(?:.*\.)?features\.(\d+)\.(weight|bias)$/.exec(key);
  return vgg ? `net.slice${sliceOfLayer(Number(vgg[1])) + 1}.${vgg[1]}.${vgg[2]}` : null;
}

/**
 * Weights of LPIPS from safetensors files: the names of LDM's checkpoints (`net.slice1.0.weight`,
 * `lin0.model.1.weight`), or torchvision's for VGG16 (`features.0.weight`) beside LPIPS's own `lin` tensors.
 */
export async function readPerceptual(files: readonly string[]): Promise<Map<string, NamedFloats>> {
  const weights = new Map<string, NamedFloats>();
  for (const path of files) {
    const file = await SafetensorsFile.open(path);
    try {
      for (const [key, { shape }] of file.entries) {
        const name = perceptualName(key);
        if (name !== null) weights.set(name, { shape, data: await file.readFloats(key) });
      }
    } finally {
      await file.close();
    }
  }
  return weights;
}
