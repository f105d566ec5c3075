import { type ImportedProblem, titleOf } from "../document.ts";
import { fail, Shelf, wholeFiles } from "../files.ts";
import type { Format } from "../format.ts";
import { courseSlug, ItemIds } from "../ids.ts";
import { KnownPaths } from "../paths.ts";
import { ReportBuilder } from "../report.ts";
import { kindOf, MANIFEST, type Manifest, type ManifestItem, readManifest, unshown } from "./manifest.ts";
import { ResourceTexts } from "./texts.ts";

/** The file that only exports of Canvas have. */
export const CANVAS_MODULES = "course_settings/module_meta.xml";

/**
 * Common Cartridges 1.1 to 1.3 (`.imscc`) from any system. Top-level folders become chapters; everything in them, at
 * any depth, becomes their problems. A cartridge has no gates, because its format has none.
 */
export const CARTRIDGE: Format = {
  name: "cartridge",
  read({ course: asked }) {
    const all = new Shelf();
    const known = new KnownPaths();
    let isCanvas = false;
    return {
      open: wholeFiles(
        (path) => {
          known.add(path);
          isCanvas ||= path.endsWith(CANVAS_MODULES);
          return /\.(xml|x?html?)$/i.test(path);
        },
        (file) => all.put(file),
      ),
      finish: (summary) => {
        if (isCanvas)
          fail(
            CANVAS_MODULES,
            "wrong_format",
            "This is an export of Canvas. Import it with the form canvas, so that its unlock rules are imported.",
          );
        const shelf = all.from(MANIFEST);
        const [single] = shelf.paths();
        // If a cartridge is one single file, that is its manifest, whatever its name.
        const isSingle = shelf.paths().length === 1 && single?.endsWith(".xml");
        const file =
          shelf.get(isSingle ? (single ?? MANIFEST) : MANIFEST) ??
          fail(MANIFEST, "missing_file", "This is not a cartridge: it has no imsmanifest.xml.");
        const manifest = readManifest(file);
        const slug = courseSlug(asked, manifest.title ?? "", MANIFEST);
        const report = new ReportBuilder();
        const texts = new ResourceTexts(manifest, shelf, known, report);
        const cartridge = new Cartridge(manifest, texts, new ItemIds(slug), report);
        const folders = manifest.items.filter((item) => item.ref === null);
        const document = {
          slug,
          title: titleOf(manifest.title, slug),
          source: { platform: "common_cartridge" as const, release: manifest.version },
          options: { sequential: false, open_enrollment: false },
          chapters: folders.map((folder) => cartridge.chapter(folder)),
          problems: manifest.items.filter((item) => item.ref !== null).flatMap((item) => cartridge.problems(item)),
        };
        const shown = new Set(manifest.items.flatMap(refsOf));
        for (const kind of unshown(manifest, ({ identifier }) => shown.has(identifier))) {
          report.leaveOut(`${kind} that no item shows`, "a course is made of its items");
        }
        const built = report.build("cartridge", manifest.version, summary);
        return { document, report: built, people: null, links: texts.links() };
      },
    };
  },
};

/** Identifiers of the resources that an item and the items below it show. */
function refsOf({ ref, children }: ManifestItem): string[] {
  return [...(ref === null ? [] : [ref]), ...children.flatMap(refsOf)];
}

class Cartridge {
  readonly #manifest: Manifest;
  readonly #texts: ResourceTexts;
  readonly #ids: ItemIds;
  readonly #report: ReportBuilder;

  constructor(manifest: Manifest, texts: ResourceTexts, ids: ItemIds, report: ReportBuilder) {
    this.#manifest = manifest;
    this.#texts = texts;
    this.#ids = ids;
    this.#report = report;
  }

  chapter(folder: ManifestItem) {
    const title = titleOf(folder.title, folder.identifier);
    const id = this.#ids.of(folder.identifier);
    this.#report.element("module");
    this.#report.items.push({ source: placeOf(folder), id, kind: "module", title: title.en ?? "" });
    const problems = folder.children.flatMap((item) => this.problems(item));
    return { id, title, kind: "module", rule: null, content: null, problems };
  }

  problems(item: ManifestItem): ImportedProblem[] {
    const below = item.children.flatMap((one) => this.problems(one));
    if (item.ref === null) {
      this.#report.element("folder");
      this.#report.leaveOut("folders within a module", "their items are in the module, in the same order");
      return below;
    }
    const resource = this.#manifest.resources.get(item.ref);
    if (resource === undefined)
      this.#report.note(placeOf(item), "missing_resource", `There is no resource ${item.ref}.`);
    const kind = resource === undefined ? "page" : kindOf(resource);
    const title = titleOf(item.title, item.identifier);
    const id = this.#ids.of(item.identifier);
    this.#report.element(kind);
    this.#report.items.push({ source: placeOf(item), id, kind, title: title.en ?? "" });
    this.#texts.place(item.ref, id);
    return [
      {
        id,
        title,
        kind,
        rule: null,
        content: this.#texts.of(item.ref),
        ...(kind === "quiz" ? this.#texts.quizOf(item.ref) : {}),
      },
      ...below,
    ];
  }
}

function placeOf(item: ManifestItem): string {
  return `${MANIFEST}:${item.line} item ${item.identifier}`;
}
