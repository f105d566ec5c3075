import type { TextActivity, TextCourse, TextLearner, TextSection } from "./model.ts";
import { OPEN, type Outcome, outcomeOfTree } from "./tree.ts";

export interface Answer extends Outcome {
  /** It opens by its address, and no list shows it. */
  unlisted: boolean;
  /** Whether the text says if it is seen: it says nothing of locked items in a hidden section. */
  decided: boolean;
}

/** What a learner gets of a section: its tree alone decides. */
export function sectionAnswer(course: TextCourse, section: TextSection, learner: TextLearner, now: number): Outcome {
  if (section.availability === undefined) return OPEN;
  return outcomeOfTree(section.availability, { course, learner, now, at: null });
}

/**
 * What a learner gets of an activity. A section that fails takes its activities off the page; a visible one in a hidden
 * section opens by its address ("Trees", sections).
 */
export function activityAnswer(course: TextCourse, at: TextActivity, learner: TextLearner, now: number): Answer {
  const section = course.sections.find(({ id }) => id === at.section);
  if (section === undefined) throw new Error(`no section ${at.section}`);
  const own = at.availability === undefined ? OPEN : outcomeOfTree(at.availability, { course, learner, now, at });
  const around = sectionAnswer(course, section, learner, now);
  const available = own.available && around.available;
  if (!at.visible || !around.available) {
    return { available, shown: false, reasons: [], unlisted: false, decided: true };
  }
  const isLocked = !own.available;
  return { ...own, available, unlisted: !section.visible && available, decided: section.visible || !isLocked };
}
