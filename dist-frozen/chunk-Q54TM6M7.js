// engine/errors.ts
var UserError = class extends Error {
  name = "UserError";
};
function check(condition, message) {
  if (!condition) throw new Error(typeof message === "string" ? message : message());
}

export {
  UserError,
  check
};
//# sourceMappingURL=chunk-Q54TM6M7.js.map
