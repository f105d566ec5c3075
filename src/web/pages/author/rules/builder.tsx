import { createContext, useContext } from "react";
import type { DraftItem } from "./document.ts";

/** The context in which every part of a rule is edited. */
export interface Building {
  /** All items of the draft, in course order. */
  items: readonly DraftItem[];
  /** Ids that this item's rule must not name. */
  barred: ReadonlySet<string>;
  /** Cohorts that are suggested. */
  cohorts: readonly string[];
  /** The draft's own course: a condition on it has its own form. */
  slug: string;
}

export const BuildingContext = createContext<Building>({ items: [], barred: new Set(), cohorts: [], slug: "" });
export const useBuilding = (): Building => useContext(BuildingContext);

/** The first item that a condition may name; "" if there is none. */
export function firstItem({ items, barred }: Building): string {
  return items.find(({ id }) => !barred.has(id))?.id ?? "";
}
