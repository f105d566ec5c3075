import type { Case } from "../lib/case.ts";
import { framingCases } from "./framing.ts";
import { historyCases } from "./history.ts";
import { limitCases } from "./limits.ts";
import { lostCursorCases } from "./lost-cursors.ts";
import { progressCases } from "./progress.ts";
import { publishingCases } from "./publishing.ts";
import { resumeCases } from "./resume.ts";
import { stormCases } from "./storm.ts";
import { tokenCases } from "./tokens.ts";

/** Every case, in the order of the table. */
export const allCases: readonly Case[] = [
  ...framingCases,
  ...resumeCases,
  ...lostCursorCases,
  ...historyCases,
  ...tokenCases,
  ...limitCases,
  ...progressCases,
  ...publishingCases,
  ...stormCases,
];
