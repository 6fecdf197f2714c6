import { Device, type Mode } from '../../engine/device.ts';

let opening: Promise<Device> | null = null;

/** Mode of this test process: every test passes in both. */
export const testMode: Mode = process.env['TEST_MODE'] === 'fast' ? 'fast' : 'safe';

/** The one device of this test process. No adapter is a failure, not a skip. */
export function testDevice(): Promise<Device> {
  opening ??= Device.open({ mode: testMode }).then((device) => {
    console.log(`adapter: ${device.name} (${testMode})`);
    return device;
  });
  return opening;
}
