import type { ImportFormat } from "../import-formats.ts";
import { CANVAS } from "./canvas/index.ts";
import { CARTRIDGE } from "./cartridge/index.ts";
import { EXERCISM } from "./exercism.ts";
import type { Format } from "./format.ts";
import { MOODLE } from "./moodle/index.ts";
import { OLX } from "./olx/index.ts";
import { PRAIRIELEARN } from "./prairielearn/index.ts";

/** The reader of each format. */
export const FORMATS: Readonly<Record<ImportFormat, Format>> = {
  moodle: MOODLE,
  canvas: CANVAS,
  olx: OLX,
  prairielearn: PRAIRIELEARN,
  cartridge: CARTRIDGE,
  exercism: EXERCISM,
};
