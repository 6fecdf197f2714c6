import {
  detect,
  inversionConfig,
  priorOf
} from "../chunk-QKUFUH3G.js";
import "../chunk-ZOERM2PQ.js";
import "../chunk-MBXCDZNF.js";
import "../chunk-EJVO4H67.js";
import "../chunk-T6JM6XVE.js";
import "../chunk-FMM4IO3I.js";
import "../chunk-VRWCXGV3.js";
import "../chunk-FYBIJM6X.js";
import "../chunk-IFGBURDP.js";
import "../chunk-W2DRQYMI.js";
import "../chunk-D725ZIX2.js";
import "../chunk-2CQFKLND.js";
import "../chunk-22L2NBXD.js";
import "../chunk-QDA7GGQG.js";
import "../chunk-ZOZ7FHQ3.js";
import "../chunk-LQGN7KL2.js";
import "../chunk-RDT35KUK.js";
import "../chunk-BLV74BJT.js";
import "../chunk-ACJDHND3.js";
import "../chunk-HP4QYYGS.js";
import "../chunk-L5HLJDC5.js";
import "../chunk-A26XEMZC.js";
import "../chunk-CLXACCIO.js";
import "../chunk-V7NLP5BI.js";
import "../chunk-Q54TM6M7.js";
export {
  detect,
  inversionConfig,
  priorOf
};
//# sourceMappingURL=detect.js.map
