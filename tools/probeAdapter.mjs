// Prints the name of the default WebGPU adapter, or fails. Plain JavaScript: setup.sh runs it before anything is built.
import { create } from 'webgpu';

const instance = create([]);
const adapter = await instance.requestAdapter();
if (!adapter) process.exit(1);
const { description, device, architecture, vendor } = adapter.info;
console.log(`${description || device || architecture}, ${vendor}`);
process.exit(0);
