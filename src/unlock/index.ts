/** The door of the unlock core. Everything behind it is pure: no I/O, no clock. */
export { analyze } from "./analyze.ts";
export * from "./compile.ts";
export { ENGINE } from "./engine.ts";
export * from "./evaluate.ts";
export * from "./explain.ts";
export { judge, MAX_ANSWER } from "./judge.ts";
export * from "./learner.ts";
export * from "./outline.ts";
export * from "./rows.ts";
export * from "./rules.ts";
export * from "./truth.ts";
