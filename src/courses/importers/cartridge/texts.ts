import type { LocalizedText } from "../../../platform/text.ts";
import { type Shelf, textOf } from "../files.ts";
import type { ReportBuilder } from "../report.ts";
import { child, childText, readXml } from "../xml.ts";
import { kindOf, type Resource } from "./manifest.ts";

/** The text of a resource as Markdown. @returns null where it has none that is read here. */
export function textOfResource(resource: Resource, shelf: Shelf, report: ReportBuilder): LocalizedText | null {
  const paths = [resource.href, ...resource.files].flatMap((path) => path ?? []);
  const file = paths.map((path) => shelf.get(path)).find((one) => one !== undefined);
  if (file === undefined) return null;
  const kind = kindOf(resource);
  if (/\.x?html?$/i.test(file.path)) return report.text(file.path, textOf(file));
  if (kind === "link") {
    const root = readXml(file);
    const url = child(root, "url")?.attributes.get("href");
    return url === undefined ? null : report.markdown(file.path, linkTo(url, childText(root, "title") ?? url));
  }
  if (kind === "discussion" || kind === "assignment")
    return report.text(file.path, childText(readXml(file), "text") ?? "");
  return null;
}

/** A link in Markdown; addresses of other schemes than the web's are not made links. */
export function linkTo(url: string, title: string): string | null {
  if (!/^https?:\/\//i.test(url)) return null;
  return `[${title.replace(/[[\]\\]/g, "\\$&")}](<${url.replace(/[<>\s]/g, encodeURIComponent)}>)`;
}
