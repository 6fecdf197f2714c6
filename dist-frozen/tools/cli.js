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
} from "../chunk-26JDG3OC.js";
import "../chunk-IBDXW56B.js";
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
