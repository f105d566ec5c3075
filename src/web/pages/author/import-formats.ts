import type { Answer } from "../../../client/index.ts";

export type CourseImport = Answer<"/api/v1/courses/imports", "get">["results"][number];
export type CourseImportDetail = Answer<"/api/v1/courses/imports/{id}", "get">;
export type ImportReport = Answer<"/api/v1/courses/imports/{id}/report", "get">;
export type ImportPeople = Answer<"/api/v1/courses/imports/{id}/people", "get">;
export type PeopleJob = NonNullable<ImportPeople["roster"]>;
export type Format = CourseImport["format"];

/** The formats of courses, with the names of the platforms, which are the same in every language. */
export const FORMATS: Readonly<Record<Format, string>> = {
  moodle: "Moodle (.mbz)",
  canvas: "Canvas (.imscc)",
  olx: "Open edX (.tar.gz)",
  prairielearn: "PrairieLearn (.zip)",
  cartridge: "Common Cartridge (.imscc)",
  exercism: "Exercism (config.json)",
};

/** The format that a file name suggests; null if it suggests none. */
export function formatOf(name: string): Format | null {
  const lower = name.toLowerCase();
  if (lower.endsWith(".mbz")) return "moodle";
  if (lower.endsWith(".imscc")) return "canvas";
  if (/\.(?:tar\.gz|tgz)$/.test(lower)) return "olx";
  if (lower.endsWith(".json")) return "exercism";
  return lower.endsWith(".zip") ? "prairielearn" : null;
}

/** A short name for a course, made from a file name. */
export function slugOf(name: string): string {
  return name
    .replace(/\.(?:mbz|imscc|tar\.gz|tgz|zip|json)$/i, "")
    .normalize("NFKD")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .slice(0, 64)
    .replace(/^-+|-+$/g, "");
}
