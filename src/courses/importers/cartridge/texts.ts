import type { LocalizedText } from "../../../platform/text.ts";
import type { ImportedProblem } from "../document.ts";
import { type Shelf, textOf } from "../files.ts";
import type { ImportedLinks } from "../format.ts";
import type { KnownPaths } from "../paths.ts";
import type { ReportBuilder } from "../report.ts";
import { child, childText, readXml } from "../xml.ts";
import { CartridgeLinks, pagePath } from "./links.ts";
import { kindOf, type Manifest, type Resource } from "./manifest.ts";
import { questionsOf } from "./qti.ts";

/** The texts of a cartridge's resources, and the targets of their links. */
export class ResourceTexts {
  readonly #manifest: Manifest;
  readonly #shelf: Shelf;
  readonly #report: ReportBuilder;
  readonly #links: CartridgeLinks;
  /** Ids of items by the names that links use. */
  readonly #items = new Map<string, string>();

  constructor(manifest: Manifest, shelf: Shelf, known: KnownPaths, report: ReportBuilder) {
    this.#manifest = manifest;
    this.#shelf = shelf;
    this.#report = report;
    this.#links = new CartridgeLinks(known, shelf.root, (ref) => manifest.resources.get(ref)?.href ?? null);
  }

  /** Notes that an item shows a resource: links to the resource then lead to the item. */
  place(ref: string, item: string): void {
    const href = this.#manifest.resources.get(ref)?.href ?? null;
    const page = /^wiki_content\/(.+)\.html?$/.exec(href ?? "")?.[1];
    for (const name of [ref, href === null ? null : pagePath(href), page ?? null]) {
      if (name !== null && !this.#items.has(name)) this.#items.set(name, item);
    }
  }

  links(): ImportedLinks {
    return { files: new Map(), items: this.#items };
  }

  /** The text of a resource as Markdown. @returns null if it has no text that can be read here. */
  of(ref: string): LocalizedText | null {
    const resource = this.#manifest.resources.get(ref);
    if (resource === undefined) return null;
    const report = this.#report;
    const paths = [resource.href, ...resource.files].flatMap((path) => path ?? []);
    const file = paths.map((path) => this.#shelf.get(path)).find((one) => one !== undefined);
    if (file === undefined) return this.#attachment(resource);
    const kind = kindOf(resource);
    const resolve = this.#links.resolver(file.path);
    if (/\.x?html?$/i.test(file.path)) return report.text(file.path, textOf(file), resolve);
    if (kind === "link") {
      const root = readXml(file);
      const url = child(root, "url")?.attributes.get("href");
      return url === undefined ? null : report.markdown(file.path, linkTo(url, childText(root, "title") ?? url));
    }
    if (kind !== "discussion" && kind !== "assignment") return null;
    return report.text(file.path, childText(readXml(file), "text") ?? "", resolve);
  }

  /** The question of a quiz and how an answer is judged, if it has one question of a kind that answer keys know. */
  quizOf(ref: string): Pick<ImportedProblem, "answer" | "question"> & { content?: LocalizedText | null } {
    const resource = this.#manifest.resources.get(ref);
    const paths = [resource?.href, ...(resource?.files ?? [])].flatMap((path) => path ?? []);
    const files = [...paths, `${ref}/assessment_qti.xml`].map((path) => this.#shelf.get(path));
    for (const file of files) {
      const root = file === undefined ? undefined : readXml(file);
      if (file === undefined || root?.name !== "questestinterop") continue;
      const questions = questionsOf(root);
      const resolve = this.#links.resolver(file.path);
      const found = this.#report.questions(questions, resolve);
      if (found === null) return {};
      return { ...found, content: this.#report.text(file.path, questions[0]?.text ?? "", resolve) };
    }
    return {};
  }

  /** A resource that is a file: a link to it. */
  #attachment({ href }: Resource): LocalizedText | null {
    const destination = href === null ? null : this.#links.file(href);
    if (href === null || destination === null) return null;
    const name = (href.split("/").at(-1) ?? href).replace(/[[\]\\`*_<]/g, "\\$&");
    return this.#report.markdown(href, `[${name}](<${destination}>)`);
  }
}

/** A link in Markdown; an address with a scheme other than http or https is not made a link. */
export function linkTo(url: string, title: string): string | null {
  if (!/^https?:\/\//i.test(url)) return null;
  return `[${title.replace(/[[\]\\]/g, "\\$&")}](<${url.replace(/[<>\s]/g, encodeURIComponent)}>)`;
}
