import { child, childrenOf, type XmlElement } from "../xml.ts";
import { isSet, optional } from "./values.ts";

/** Fields of an activity with its text, the most important first. */
const TEXTS = ["content", "intro"];

/** The text of an activity as HTML: for a book with its chapters, for a link with its address. */
export function textOf(element: XmlElement, kind: string): string {
  const own = TEXTS.map((field) => optional(element, field)).find((text) => text !== null) ?? "";
  if (kind === "url") {
    const url = optional(element, "externalurl");
    return url === null
      ? own
      : `${own}<p><a href="${url.replaceAll('"', "%22")}">${url.replaceAll("<", "&lt;")}</a></p>`;
  }
  if (kind !== "book") return own;
  const chapters = childrenOf(child(element, "chapters"), "chapter").filter((chapter) => !isSet(chapter, "hidden"));
  const texts = chapters.map((chapter) => {
    const title = (optional(chapter, "title") ?? "").replaceAll("<", "&lt;");
    return `<h2>${title}</h2>${optional(chapter, "content") ?? ""}`;
  });
  return own + texts.join("");
}
