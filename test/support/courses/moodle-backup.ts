import { archiveFiles } from "../../../src/courses/importers/archive/index.ts";
import { blobSource } from "../../../src/courses/importers/archive/source.ts";
import { importCourse } from "../../../src/courses/importers/format.ts";
import { MOODLE } from "../../../src/courses/importers/moodle/index.ts";
import { type Files, tgzOf } from "./archives.ts";

interface Activity {
  id: number;
  section: number;
  kind?: string;
  /** JSON as it is in the file, or a tree. */
  availability?: unknown;
  completion?: number;
  fields?: string;
  own?: string;
}
interface Section {
  id: number;
  number: number;
  sequence: number[];
  availability?: unknown;
  subsection?: number;
  visible?: number;
}

const escaped = (value: unknown) =>
  (typeof value === "string" ? value : JSON.stringify(value)).replaceAll("&", "&amp;").replaceAll("<", "&lt;");
const json = (tag: string, value: unknown) => `<${tag}>${value === undefined ? "$@NULL@$" : escaped(value)}</${tag}>`;

/** The files of a small backup in the shape of Moodle's own. */
export function backupOf(release: string, sections: readonly Section[], activities: readonly Activity[]): Files {
  const manifest = `<?xml version="1.0"?><moodle_backup><information><moodle_release>${release}</moodle_release>
    <backup_date>1700000000</backup_date><original_course_fullname>Small</original_course_fullname>
    <original_course_shortname>Small One</original_course_shortname></information></moodle_backup>`;
  const files: Record<string, string> = { "moodle_backup.xml": manifest };
  for (const { id, number, sequence, availability, subsection, visible = 1 } of sections) {
    files[`sections/section_${id}/section.xml`] = `<section id="${id}"><number>${number}</number><name>S${number}</name>
      <summary></summary><sequence>${sequence.join(",")}</sequence><visible>${visible}</visible>
      ${json("availabilityjson", availability)}
      ${subsection === undefined ? "" : `<component>mod_subsection</component><itemid>${subsection}</itemid>`}</section>`;
  }
  for (const { id, section, kind = "page", availability, completion = 1, fields = "", own = "" } of activities) {
    const folder = `activities/${kind}_${id}`;
    files[`${folder}/module.xml`] =
      `<module id="${id}"><modulename>${kind}</modulename><sectionid>${section}</sectionid>
      <visible>1</visible><completion>${completion}</completion>${json("availability", availability)}${fields}</module>`;
    files[`${folder}/${kind}.xml`] = `<activity id="${id}" moduleid="${id}" modulename="${kind}"><${kind} id="${id}">
      <name>A${id}</name>${own}</${kind}></activity>`;
  }
  return files;
}

export async function importBackup(files: Files, course?: string) {
  const source = blobSource(new Blob([await tgzOf(files)]), "small.mbz");
  return importCourse(MOODLE, archiveFiles(source), { course });
}

/** @returns the course, its items by the title they have in the backup, and the report. */
export async function importedBackup(files: Files) {
  const result = await importBackup(files);
  if (!result.ok) throw new Error(`refused: ${JSON.stringify(result.refusal)}`);
  const { document, report } = result.value;
  const items = [
    ...document.chapters,
    ...document.chapters.flatMap((chapter) => chapter.problems ?? []),
    ...document.problems,
  ];
  return { document, report, items: new Map(items.map((item) => [item.title.en ?? "", item])) };
}
