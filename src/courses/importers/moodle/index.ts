import type { Format } from "../format.ts";
import { courseSlug } from "../ids.ts";
import { ReportBuilder } from "../report.ts";
import { moduleLink } from "./files.ts";
import { MoodleMap } from "./map.ts";
import { MoodleNames } from "./names.ts";
import { PageOrder } from "./order.ts";
import { mapPeople } from "./people.ts";
import { BackupReader } from "./read.ts";

/**
 * Backups of Moodle courses (`.mbz`): sections become chapters, activities problems. Releases from 2.6, whose
 * conditions are in fields, to 5.x. Where releases differ, the rules of the one that wrote the file apply.
 */
export const MOODLE: Format = {
  name: "moodle",
  read({ course: asked, people: withPeople }) {
    const reader = new BackupReader(withPeople);
    return {
      open: (path) => reader.open(path),
      finish: (summary) => {
        const course = reader.finish();
        const slug = courseSlug(asked, course.shortname, "moodle_backup.xml");
        const report = new ReportBuilder();
        const order = new PageOrder(course);
        const names = new MoodleNames(course, order, slug);
        const document = new MoodleMap(course, {
          order,
          names,
          report,
          files: reader.files,
          questions: reader.questions,
        }).document(slug);
        for (const { id, directory } of reader.listed) {
          if (course.modules.has(id)) continue;
          report.note(
            directory,
            "missing_activity",
            `The backup lists activity ${id} but does not contain its folder.`,
          );
          report.leaveOut("activities whose folder is not in the backup", "there is nothing to import");
        }
        for (const { section, module } of order.absent) {
          report.note(
            section.source,
            "missing_activity",
            `The section lists activity ${module}, which is not in the backup.`,
          );
        }
        report.leaveOut(
          "criteria of the course's own completion",
          "they open nothing within it",
          reader.courseCriteria,
        );
        for (const module of course.modules.values()) {
          if (!(Number(module.own.get("dependency")) > 0)) continue;
          const message = "The lesson has its own setting to wait for another lesson. It is not imported.";
          report.note(module.source, "lesson_dependency", message);
        }
        for (const path of summary.skipped)
          report.note(path, "skipped_entry", "This entry is neither a file nor a folder.");
        for (const [id, { name }] of course.groups) report.cohort(names.group(id), name);
        const people = mapPeople(course, names, report);
        const modules = [...course.modules.values()].filter(({ deleting }) => !deleting);
        const items = new Map(modules.map((module) => [moduleLink(module.id), names.module(module)]));
        const links = { files: reader.files.names, items };
        return { document, report: report.build("moodle", course.release.text, summary), people, links };
      },
    };
  },
};
