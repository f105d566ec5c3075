/** Account functions for the rooms that connect other systems. Loaded when one of them is used. */
export type { UserRow } from "../library.ts";
export { newId } from "../library.ts";
export { verifySigned } from "../providers.ts";
export { addressOf, depsOf } from "../routes-common.ts";
export type { Caller, Deps } from "../sessions.ts";
export { rememberNetwork } from "../sign-in.ts";
export { epochSeconds } from "../tokens.ts";
export {
  type AdminRef,
  createUser,
  isBanned,
  type OutsideLink,
  readUser,
  writeUser,
} from "../users.ts";
export { findUsersOf } from "../users-of.ts";
export { askForMail } from "../ways/ask.ts";
export { enter } from "../ways/enter.ts";
export { offers } from "../ways/switches.ts";
export {
  change as changeAccount,
  closeAccount,
  endEverything,
  findLinked,
  giveRole,
  isClosedByDirectory,
  link,
  linkedSubject,
  openAccount,
  unlink,
} from "./standing.ts";
