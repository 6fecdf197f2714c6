import {
  buildTask,
  chooseConfig,
  dataPaths,
  runTraining,
  withTraining
} from "../chunk-AYIZSRCP.js";
import "../chunk-JKRAPOWH.js";
import "../chunk-U72SFSVP.js";
import "../chunk-ZOERM2PQ.js";
import "../chunk-T6JM6XVE.js";
import "../chunk-IFGBURDP.js";
import "../chunk-2CQFKLND.js";
import "../chunk-22L2NBXD.js";
import "../chunk-QDA7GGQG.js";
import "../chunk-RDT35KUK.js";
import "../chunk-BLV74BJT.js";
import "../chunk-ACJDHND3.js";
import "../chunk-L5HLJDC5.js";
import "../chunk-A26XEMZC.js";
import "../chunk-CLXACCIO.js";
import "../chunk-V7NLP5BI.js";
import "../chunk-Q54TM6M7.js";
export {
  buildTask,
  chooseConfig,
  dataPaths,
  runTraining,
  withTraining
};
//# sourceMappingURL=trainCommand.js.map
