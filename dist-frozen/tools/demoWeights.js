import {
  demoWeights,
  trainedLayouts
} from "../chunk-RVM4JDUR.js";
import "../chunk-6GKYMKBI.js";
import "../chunk-HP4QYYGS.js";
import "../chunk-L5HLJDC5.js";
import "../chunk-A26XEMZC.js";
import "../chunk-CLXACCIO.js";
import "../chunk-Q54TM6M7.js";
export {
  demoWeights,
  trainedLayouts
};
//# sourceMappingURL=demoWeights.js.map
