import { UserError } from '../../engine/errors.ts';
import type { Device } from '../../engine/device.ts';
import { loadJax, type Jax } from './jax.ts';
import { loadTfjs, type Tfjs } from './tfjs.ts';

export const peerNames = ['jax-js', 'tfjs'] as const;
export type PeerName = (typeof peerNames)[number];

/** The peers that were asked for. */
export interface Peers {
  readonly jax: Jax | null;
  readonly tf: Tfjs | null;
}

const missing = ['ERR_MODULE_NOT_FOUND', 'MODULE_NOT_FOUND'];

/**
 * Loads the peers on the same adapter: they find WebGPU in `navigator.gpu`, which Node lacks, and take the instance of
 * our device with all its toggles, since a process has one Dawn instance.
 */
export async function loadPeers(device: Device, names: readonly PeerName[]): Promise<Peers> {
  const { navigator = { userAgent: 'node' } } = globalThis as { navigator?: object };
  Object.defineProperty(navigator, 'gpu', { value: device.instance, configurable: true });
  Object.defineProperty(globalThis, 'navigator', { value: navigator, configurable: true });
  try {
    return {
      jax: names.includes('jax-js') ? await loadJax() : null,
      tf: names.includes('tfjs') ? await loadTfjs() : null,
    };
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (missing.includes(code ?? '') || /Could not resolve/.test(message)) {
      const lacking = /['"]((?:@[\w-]+\/)?[\w-]+)/.exec(message)?.[1] ?? 'one';
      throw new UserError('--peers: needs the development dependencies @jax-js/jax, @tensorflow/tfjs-core, '
        + `@tensorflow/tfjs-backend-webgpu and esbuild, but ${lacking} is not installed; run npm install`);
    }
    throw error;
  }
}
