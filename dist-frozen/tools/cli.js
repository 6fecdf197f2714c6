import {
  Progress,
  command,
  integer,
  interruptSignal,
  observeCommand,
  oneOf,
  openDevice,
  positiveInteger,
  real,
  required,
  runCommand,
  splitOverrides,
  withDevice,
  writeJson
} from "../chunk-ACJDHND3.js";
import "../chunk-V7NLP5BI.js";
import "../chunk-Q54TM6M7.js";
export {
  Progress,
  command,
  integer,
  interruptSignal,
  observeCommand,
  oneOf,
  openDevice,
  positiveInteger,
  real,
  required,
  runCommand,
  splitOverrides,
  withDevice,
  writeJson
};
//# sourceMappingURL=cli.js.map
