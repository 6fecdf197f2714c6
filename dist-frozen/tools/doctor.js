import {
  measureRoofline
} from "../chunk-X4N3U6FL.js";
import "../chunk-35FDYTRM.js";
import "../chunk-AMP7OYK6.js";
import {
  command,
  oneOf,
  runCommand,
  writeJson
} from "../chunk-26JDG3OC.js";
import "../chunk-A26XEMZC.js";
import {
  Device
} from "../chunk-IBDXW56B.js";
import {
  UserError
} from "../chunk-Q54TM6M7.js";

// tools/doctor.ts
var shownLimits = [
  "maxStorageBufferBindingSize",
  "maxBufferSize",
  "maxStorageBuffersPerShaderStage",
  "maxComputeWorkgroupStorageSize",
  "maxComputeInvocationsPerWorkgroup",
  "maxImmediateSize"
];
async function diagnose(options) {
  const device = await Device.open({
    mode: options.mode,
    timestamps: true,
    ...options.adapter && { adapter: options.adapter }
  });
  const { info } = device.adapter;
  const line = (name, value) => console.log(`${name.padEnd(36)}${String(value)}`);
  line("adapter", info.description || info.device);
  line("vendor, architecture", `${info.vendor}, ${info.architecture}`);
  line("software adapter", device.capabilities.software ? "yes: correct, but far slower than a GPU" : "no");
  line("subgroup size", `${info.subgroupMinSize} to ${info.subgroupMaxSize}`);
  line("features", [...device.gpu.features].sort().join(" "));
  const matrix = info.subgroupMatrixConfigs ?? [];
  line("subgroup matrix configurations", matrix.length > 0 ? JSON.stringify(matrix) : "none");
  const limits = Object.fromEntries(shownLimits.map((name) => [name, device.limits[name]]));
  for (const [name, value] of Object.entries(limits)) line(name, value);
  const roofline = device.gpu.features.has("timestamp-query") ? await measureRoofline(device) : null;
  line("measured fma peak", roofline ? `${roofline.fmaPeakGflops.toFixed(1)} GFLOP/s` : "no timestamp queries here");
  line("measured memory peak", roofline ? `${roofline.memoryPeakGbPerSecond.toFixed(1)} GB/s` : "-");
  writeJson(options.json, {
    adapter: info.description || info.device,
    vendor: info.vendor,
    architecture: info.architecture,
    software: device.capabilities.software,
    features: [...device.gpu.features].sort(),
    limits,
    roofline
  });
  device.close();
}
var hint = process.platform === "linux" ? "On Linux Dawn needs a Vulkan driver: install the one of your GPU, or run ./setup.sh as root for Mesa's software one. In a container the driver's files and /dev nodes must be passed in." : "Update the driver of your GPU.";
var root = command("doctor", "Shows the WebGPU adapter, its features, limits and measured speed.", "npm run doctor").option("--adapter <name>", "part of the name of the GPU adapter to use").option("--mode <safe|fast>", "toggles to open the device with", oneOf("safe", "fast"), "fast").option("--json <file>", "also write the figures to this file").action(async (options) => {
  try {
    await diagnose(options);
  } catch (error) {
    if (error instanceof UserError && !options.adapter) throw new UserError(`no WebGPU adapter answers. ${hint}`);
    throw error;
  }
});
await runCommand(root, process.argv.slice(2));
//# sourceMappingURL=doctor.js.map
