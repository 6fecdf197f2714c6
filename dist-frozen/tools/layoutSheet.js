import {
  drawLayoutSheet,
  drawLayouts
} from "../chunk-GDGLBMRI.js";
import "../chunk-5WSLUO6M.js";
import "../chunk-ZOZ7FHQ3.js";
import "../chunk-LQGN7KL2.js";
import "../chunk-RDT35KUK.js";
import "../chunk-BLV74BJT.js";
import "../chunk-CLXACCIO.js";
import "../chunk-Q54TM6M7.js";
export {
  drawLayoutSheet,
  drawLayouts
};
//# sourceMappingURL=layoutSheet.js.map
