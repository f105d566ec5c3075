import type { LocalizedText } from "../../../platform/text.ts";
import { CANVAS_MODULES } from "../cartridge/index.ts";
import { MANIFEST, type Manifest, readManifest, unshown } from "../cartridge/manifest.ts";
import { linkTo, ResourceTexts } from "../cartridge/texts.ts";
import { allOf, type ImportedChapter, type ImportedProblem, type ImportedRule, titleOf } from "../document.ts";
import { fail, Shelf, wholeFiles } from "../files.ts";
import type { Format } from "../format.ts";
import { courseSlug, ItemIds } from "../ids.ts";
import { KnownPaths } from "../paths.ts";
import { ReportBuilder } from "../report.ts";
import { entryOf } from "../table.ts";
import { childText, readXml } from "../xml.ts";
import { CanvasGates } from "./gates.ts";
import { type CanvasItem, type CanvasModule, readModules, readWindow, type Window } from "./read.ts";

const SETTINGS = "course_settings/course_settings.xml";
/** A heading between items; it has no content to open. */
const HEADING = "ContextModuleSubHeader";
const KINDS: Readonly<Record<string, string>> = {
  WikiPage: "page",
  Assignment: "assignment",
  "Quizzes::Quiz": "quiz",
  DiscussionTopic: "discussion",
  Attachment: "file",
  ExternalUrl: "link",
  ContextExternalTool: "tool",
};

/**
 * Exports of Canvas courses (`.imscc`): modules become chapters, their items problems. Only
 * `course_settings/module_meta.xml` has the gates; a cartridge without it is not a Canvas export.
 */
export const CANVAS: Format = {
  name: "canvas",
  read({ course: asked }) {
    const all = new Shelf();
    const known = new KnownPaths();
    return {
      open: wholeFiles(
        (path) => {
          known.add(path);
          return /\.(xml|html?)$/i.test(path) && !/(?:^|\/)web_resources\//.test(path);
        },
        (file) => all.put(file),
      ),
      finish: (summary) => {
        const shelf = all.from(MANIFEST);
        const meta = shelf.get(CANVAS_MODULES);
        if (meta === undefined) {
          const isCartridge = shelf.get(MANIFEST) !== undefined;
          const hint = isCartridge ? " Import it with the form cartridge; it has no unlock rules." : "";
          return fail(
            CANVAS_MODULES,
            "missing_file",
            `This is not an export of Canvas: it has no ${CANVAS_MODULES}.${hint}`,
          );
        }
        const manifest = readManifest(
          shelf.get(MANIFEST) ?? fail(MANIFEST, "missing_file", "There is no imsmanifest.xml."),
        );
        const settings = shelf.get(SETTINGS);
        const course = settings === undefined ? undefined : readXml(settings);
        const title = childText(course, "title") ?? manifest.title;
        const slug = courseSlug(asked, childText(course, "course_code") ?? title ?? "", SETTINGS);
        const report = new ReportBuilder();
        const texts = new ResourceTexts(manifest, shelf, known, report);
        const map = new CanvasMap(readModules(meta), texts, shelf, slug, report);
        const document = {
          slug,
          title: titleOf(title, slug),
          source: { platform: "canvas" as const, release: `Common Cartridge ${manifest.version}` },
          // An opened item stays open: Canvas locks again only when a teacher asks for it.
          options: { sequential: false, sticky: true, problems_follow_chapter: true, open_enrollment: false },
          chapters: map.chapters(manifest),
          problems: [],
        };
        return {
          document,
          report: report.build("canvas", document.source.release, summary),
          people: null,
          links: texts.links(),
        };
      },
    };
  },
};

class CanvasMap {
  readonly #modules: readonly CanvasModule[];
  readonly #texts: ResourceTexts;
  readonly #shelf: Shelf;
  readonly #ids: ItemIds;
  readonly #report: ReportBuilder;
  readonly #gates: CanvasGates;

  constructor(
    modules: readonly CanvasModule[],
    texts: ResourceTexts,
    shelf: Shelf,
    slug: string,
    report: ReportBuilder,
  ) {
    this.#modules = modules;
    this.#texts = texts;
    this.#shelf = shelf;
    this.#ids = new ItemIds(slug);
    this.#report = report;
    this.#gates = new CanvasGates(modules, (identifier) => this.#ids.of(identifier));
  }

  chapters(manifest: Manifest): ImportedChapter[] {
    const chapters = this.#modules.map((module) => this.#chapter(module));
    this.#countWhatStandsNowhere(manifest);
    return chapters;
  }

  #chapter(module: CanvasModule): ImportedChapter {
    const source = `${CANVAS_MODULES}:${module.line} module ${module.identifier}`;
    const title = titleOf(module.title, module.identifier);
    const id = this.#ids.of(module.identifier);
    this.#report.element("module");
    this.#report.items.push({ source, id, kind: "module", title: title.en ?? "" });
    const rule = this.#gates.ruleOf(module);
    const problems = module.items.flatMap((item) => this.#problem(module, item));
    this.#gate(module, source, rule, problems);
    const status = module.isPublished ? {} : { status: "draft" as const };
    return { id, title, kind: "module", ...status, rule, content: null, problems };
  }

  /** One gate per module: all settings about what opens it and what it requires. */
  #gate(module: CanvasModule, source: string, rule: ImportedRule | null, problems: readonly ImportedProblem[]): void {
    const { prerequisites, requirements, unlockAt, isSequential, requirementCount } = module;
    const says = {
      ...(unlockAt === null ? {} : { unlock_at: unlockAt }),
      ...(prerequisites.length === 0 ? {} : { prerequisites }),
      ...(requirements.length === 0 ? {} : { requirements: requirements.map(({ type, item }) => ({ type, item })) }),
      ...(requirementCount === null ? {} : { requirement_count: requirementCount }),
      ...(isSequential ? { require_sequential_progress: true } : {}),
    };
    if (Object.keys(says).length === 0) return;
    const notes = this.#gates.notes.get(module.identifier) ?? [];
    const inOrder = allOf(problems.map((problem) => problem.rule));
    this.#report.gates.push({
      source,
      rule: says,
      mapped: rule ?? inOrder,
      verdict: "exact",
      why: notes.length === 0 ? null : notes.join("; "),
    });
    const inModule = new Set(module.items.map((item) => item.identifier));
    for (const requirement of requirements.filter((one) => !inModule.has(one.item))) {
      const why = "it is on no item of the module, and Canvas drops it";
      this.#report.completion.push({ source, rule: requirement, mapped: null, verdict: "exact", why });
    }
  }

  #problem(module: CanvasModule, item: CanvasItem): ImportedProblem[] {
    this.#report.element(item.type);
    if (item.type === HEADING) {
      this.#report.leaveOut("headings between items", "they open nothing");
      return [];
    }
    const source = `${CANVAS_MODULES}:${item.line} item ${item.identifier}`;
    const title = titleOf(item.title, item.identifier);
    const [id, kind] = [this.#ids.of(item.identifier), entryOf(KINDS, item.type) ?? "page"];
    this.#report.items.push({ source, id, kind, title: title.en ?? "" });
    if (item.ref !== null) this.#texts.place(item.ref, id);
    const completion = this.#gates.completionOf(module, item, source);
    if (completion !== null) this.#report.completion.push(completion);
    const isPublished = module.isPublished && item.isPublished;
    return [
      {
        id,
        title,
        kind,
        ...(isPublished ? {} : { status: "draft" as const }),
        rule: this.#gates.ruleOfItem(module, item),
        content: this.#text(item, source),
        ...(kind === "quiz" && item.ref !== null ? this.#texts.quizOf(item.ref) : {}),
        ...(completion?.mapped == null ? {} : { completion: completion.mapped }),
        ...this.#window(item),
      },
    ];
  }

  #text(item: CanvasItem, source: string): LocalizedText | null {
    if (item.url !== null) return this.#report.markdown(source, linkTo(item.url, item.title ?? item.url));
    return item.ref === null ? null : this.#texts.of(item.ref);
  }

  #window(item: CanvasItem): Window {
    const files = [`${item.ref}/assignment_settings.xml`, `${item.ref}/assessment_meta.xml`];
    const file = files.map((path) => this.#shelf.get(path)).find((one) => one !== undefined);
    return file === undefined ? {} : readWindow(file);
  }

  /**
   * What the course contains but no module shows. Assignments and quizzes have files of settings, others only a
   * resource.
   */
  #countWhatStandsNowhere(manifest: Manifest): void {
    const shown = new Set(this.#modules.flatMap((module) => module.items.map((item) => item.ref)));
    const counted = new Set<string>();
    const leaveOut = (kind: string) => {
      this.#report.leaveOut(`${kind} in no module`, "a course consists of its modules");
    };
    for (const path of this.#shelf.paths()) {
      const [, identifier, name] = /^([^/]+)\/(assignment_settings|assessment_meta)\.xml$/.exec(path) ?? [];
      if (identifier === undefined) continue;
      counted.add(identifier);
      if (!shown.has(identifier)) leaveOut(name === "assessment_meta" ? "quizzes" : "assignments");
    }
    const isShown = ({ identifier, href }: { identifier: string; href: string | null }) =>
      shown.has(identifier) || counted.has(identifier) || /^(?:course_settings|web_resources)\//.test(href ?? "");
    for (const kind of unshown(manifest, isShown)) leaveOut(kind);
  }
}
