/** Formats that a course comes in as one archive, by their names. Each has its reader in importers/formats.ts. */
export const IMPORT_FORMATS = ["moodle", "canvas", "olx", "prairielearn", "cartridge", "exercism"] as const;
export type ImportFormat = (typeof IMPORT_FORMATS)[number];
