import {
  importTarget,
  presetNames
} from "../chunk-BQKNRJB5.js";
import "../chunk-7T2S5764.js";
import "../chunk-GGAIVALH.js";
import "../chunk-VJXARB7B.js";
import "../chunk-4CJS6QHA.js";
import "../chunk-LJVP3GZA.js";
import "../chunk-RSM2DQM3.js";
import "../chunk-X4MMT7BF.js";
import "../chunk-KTCMITE2.js";
import "../chunk-MPJXQ5EU.js";
import "../chunk-3D4ROVPF.js";
import "../chunk-35FDYTRM.js";
import "../chunk-F6TGNQ67.js";
import "../chunk-AMP7OYK6.js";
import "../chunk-HP4QYYGS.js";
import "../chunk-L5HLJDC5.js";
import "../chunk-A26XEMZC.js";
import "../chunk-CLXACCIO.js";
import "../chunk-IBDXW56B.js";
import "../chunk-Q54TM6M7.js";
export {
  importTarget,
  presetNames
};
//# sourceMappingURL=convertPresets.js.map
