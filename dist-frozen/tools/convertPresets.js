import {
  importTarget,
  presetNames
} from "../chunk-QRPQA63S.js";
import "../chunk-VSX4WIEG.js";
import "../chunk-M5XB7VUE.js";
import "../chunk-FGNQ6HV2.js";
import "../chunk-U72SFSVP.js";
import "../chunk-FMM4IO3I.js";
import "../chunk-VRWCXGV3.js";
import "../chunk-FYBIJM6X.js";
import "../chunk-IFGBURDP.js";
import "../chunk-W2DRQYMI.js";
import "../chunk-D725ZIX2.js";
import "../chunk-2CQFKLND.js";
import "../chunk-22L2NBXD.js";
import "../chunk-QDA7GGQG.js";
import "../chunk-HP4QYYGS.js";
import "../chunk-L5HLJDC5.js";
import "../chunk-A26XEMZC.js";
import "../chunk-CLXACCIO.js";
import "../chunk-V7NLP5BI.js";
import "../chunk-Q54TM6M7.js";
export {
  importTarget,
  presetNames
};
//# sourceMappingURL=convertPresets.js.map
