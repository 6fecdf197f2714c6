import {
  detect,
  inversionConfig,
  priorOf
} from "../chunk-JWDHQEF3.js";
import "../chunk-ZOERM2PQ.js";
import "../chunk-MBXCDZNF.js";
import "../chunk-LOYFLMAJ.js";
import "../chunk-T6JM6XVE.js";
import "../chunk-LJVP3GZA.js";
import "../chunk-RSM2DQM3.js";
import "../chunk-X4MMT7BF.js";
import "../chunk-KTCMITE2.js";
import "../chunk-MPJXQ5EU.js";
import "../chunk-3D4ROVPF.js";
import "../chunk-35FDYTRM.js";
import "../chunk-F6TGNQ67.js";
import "../chunk-AMP7OYK6.js";
import "../chunk-ZOZ7FHQ3.js";
import "../chunk-LQGN7KL2.js";
import "../chunk-RDT35KUK.js";
import "../chunk-BLV74BJT.js";
import "../chunk-26JDG3OC.js";
import "../chunk-HP4QYYGS.js";
import "../chunk-L5HLJDC5.js";
import "../chunk-A26XEMZC.js";
import "../chunk-CLXACCIO.js";
import "../chunk-IBDXW56B.js";
import "../chunk-Q54TM6M7.js";
export {
  detect,
  inversionConfig,
  priorOf
};
//# sourceMappingURL=detect.js.map
