/** The parts of an Exercism track's `config.json` that its unlock rule speaks of. */
export interface Exercise {
  slug: string;
  name: string;
  status?: string;
  prerequisites?: string[];
  concepts?: string[];
  difficulty?: number;
}
export interface Config {
  slug: string;
  language: string;
  exercises: { concept?: Exercise[]; practice?: Exercise[] };
}

/** The exercises a learner sees: `wip` is invisible, `deprecated` visible only to those who started it. */
export function visibleByTheTracksRule({ exercises }: Config, completed: ReadonlySet<string>): Set<string> {
  const { concept = [], practice = [] } = exercises;
  return new Set([...concept, ...practice].filter((each) => isVisible(each, completed)).map((each) => each.slug));
}

function isVisible(each: Exercise, completed: ReadonlySet<string>): boolean {
  return each.status !== "wip" && (each.status !== "deprecated" || completed.has(each.slug));
}

/**
 * Which exercises a learner may open, by the track's own rule as its publisher words it: until hello-world is
 * completed only that one is open; then an exercise is open when it was started, or when every prerequisite concept
 * that some visible concept exercise teaches is learnt, that is, when a completed concept exercise teaches it. `wip` is
 * invisible, `deprecated` visible only to those who started it. (Who completed something started it.)
 */
export function openByTheTracksRule({ exercises }: Config, completed: ReadonlySet<string>): Set<string> {
  const { concept = [], practice = [] } = exercises;
  const all = [...concept, ...practice];
  const teaches = (each: Exercise, what: string) => (each.concepts ?? []).includes(what);
  const isTaught = (what: string) => concept.some((each) => isVisible(each, completed) && teaches(each, what));
  const isLearnt = (what: string) => concept.some((each) => completed.has(each.slug) && teaches(each, what));
  const isOpen = (each: Exercise) => {
    if (all.some((other) => other.slug === "hello-world") && !completed.has("hello-world")) {
      return each.slug === "hello-world";
    }
    return completed.has(each.slug) || (each.prerequisites ?? []).every((what) => !isTaught(what) || isLearnt(what));
  };
  return new Set(all.filter((each) => isVisible(each, completed) && isOpen(each)).map((each) => each.slug));
}
