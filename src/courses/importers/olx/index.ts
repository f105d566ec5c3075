import { titleOf } from "../document.ts";
import { Shelf, wholeFiles } from "../files.ts";
import type { Format } from "../format.ts";
import { courseSlug, ItemIds } from "../ids.ts";
import { toFile, toItem } from "../links.ts";
import { KnownPaths, pathOf } from "../paths.ts";
import { ReportBuilder } from "../report.ts";
import type { Resolve } from "../resolve.ts";
import { textField } from "./fields.ts";
import { OlxMap } from "./map.ts";
import { OlxReader } from "./read.ts";

/** OLX has no release, because many programs write it. */
const RELEASE = "OLX";
/** The folders with the course itself; the rest of an export is its files. */
const READ =
  /(?:^|\/)(?:course\.xml|policies\/(?:[^/]+\/)?policy\.json|(?:course|chapter|sequential|vertical|problem|html|video|library_content|split_test|conditional|[a-z_-]+)\/[^/].*\.(?:xml|html))$/;

/**
 * Courses of Open edX in OLX, as a `.tar.gz` or a folder. Subsections become chapters, and the blocks of their units
 * problems, because Open edX locks subsections, and learners complete blocks.
 */
export const OLX: Format = {
  name: "olx",
  read({ course: asked }) {
    const shelf = new Shelf();
    const known = new KnownPaths();
    return {
      open: wholeFiles(
        (path) => {
          known.add(path);
          return READ.test(path) && !/(?:^|\/)(?:static|assets|drafts|about|info|tabs)\//.test(path);
        },
        (file) => shelf.put(file),
      ),
      finish: (summary) => {
        const reader = new OlxReader(shelf);
        const course = reader.course();
        const own = ["org", "course", "url_name"].flatMap((field) => textField(course, field) ?? []).join("-");
        const slug = courseSlug(asked, own, "course.xml");
        const report = new ReportBuilder();
        const map = new OlxMap(course, { reader, ids: new ItemIds(slug), report, resolve: resolverOf(known, reader) });
        const document = {
          slug,
          title: titleOf(textField(course, "display_name"), slug),
          source: { platform: "open_edx" as const, release: RELEASE },
          // Open edX takes back what a grade opened when the grade falls.
          options: { sequential: false, sticky: false, problems_follow_chapter: true, open_enrollment: false },
          chapters: map.chapters(),
          problems: [],
        };
        for (const { path, source } of reader.missing)
          report.note(source, "missing_file", `It names ${path}, which does not exist.`);
        for (const { path, rule, message } of reader.broken) report.note(path, rule, message);
        return {
          document,
          report: report.build("olx", RELEASE, summary),
          people: null,
          links: { files: new Map(), items: map.items },
        };
      },
    };
  },
};

/** How texts of Open edX name a file, and another block. */
const STATIC = /^(?:%%|https?:\/\/[^/]+)?\/?static\/+(.+)$/i;
const ASSET = /(?:^|\/)(?:asset-v1:[^@]+\+type@asset\+block@|c4x\/[^/]+\/[^/]+\/asset\/)([^?#]+)/;
const JUMP = /^\/jump_to(?:_id)?\/+(?:.*[@/])?([^@/?#]+)/;

/** The targets of the addresses in a course's texts. */
function resolverOf(known: KnownPaths, reader: OlxReader): Resolve {
  return (url) => {
    const name = STATIC.exec(url)?.[1] ?? ASSET.exec(url)?.[1];
    if (name !== undefined && !/^https?:/i.test(url)) {
      const path = pathOf(name);
      // Open edX stores file names without folders and blanks, but texts may still have them.
      const flat = path.replaceAll("/", "_").replaceAll(" ", "_");
      const found = known.find(...[path, flat, path.replaceAll("@", "/")].map((one) => `${reader.root}static/${one}`));
      return found === null ? null : toFile(found);
    }
    const block = JUMP.exec(url)?.[1];
    return block === undefined ? null : toItem(pathOf(block));
  };
}
