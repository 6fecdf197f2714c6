import {
  buildTask,
  chooseConfig,
  dataPaths,
  runTraining,
  withTraining
} from "../chunk-VNRMSPM6.js";
import "../chunk-X4N3U6FL.js";
import "../chunk-4CJS6QHA.js";
import "../chunk-ZOERM2PQ.js";
import "../chunk-T6JM6XVE.js";
import "../chunk-KTCMITE2.js";
import "../chunk-35FDYTRM.js";
import "../chunk-F6TGNQ67.js";
import "../chunk-AMP7OYK6.js";
import "../chunk-RDT35KUK.js";
import "../chunk-BLV74BJT.js";
import "../chunk-26JDG3OC.js";
import "../chunk-L5HLJDC5.js";
import "../chunk-A26XEMZC.js";
import "../chunk-CLXACCIO.js";
import "../chunk-IBDXW56B.js";
import "../chunk-Q54TM6M7.js";
export {
  buildTask,
  chooseConfig,
  dataPaths,
  runTraining,
  withTraining
};
//# sourceMappingURL=trainCommand.js.map
