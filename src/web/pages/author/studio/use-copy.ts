import { useEffect, useRef, useState } from "react";
import { OfflineError } from "../../../api/problem.ts";
import { request } from "../../../api/request.ts";
import type { CourseVersion, Page } from "../../../api/types.ts";
import { useStore } from "../../../lib/use-store.ts";
import { useHistory } from "./history.ts";
import { type Copy, Saver, type Stamp } from "./saver.ts";
import { type Snapshot, textOf, treeOf } from "./text.ts";
import type { Tree } from "./tree.ts";

/** The origin of the text on the page. */
export type Origin = { kind: "version"; version: number } | { kind: "copy" } | { kind: "local" } | { kind: "empty" };

/** Reads the document of a version, as text. */
export async function versionText(course: string, version: number): Promise<string> {
  return JSON.stringify(await request<unknown>(`/courses/${course}/versions/${version}`), null, 2);
}

/** The newest version of a course, active or not: an import makes one that nobody has activated. */
async function newestVersion(course: string): Promise<number | null> {
  const page = await request<Page<CourseVersion>>(`/courses/${course}/versions`, { query: { limit: 1 } });
  return page.results[0]?.version ?? null;
}

/** The document of a course while its author works on it: with its history, saved as it changes. */
export function useCopy(course: string, user: string, active: number | null, empty: string) {
  const [saver] = useState(() => new Saver(course, user));
  const history = useHistory({ text: empty });
  const save = useStore(saver.state);
  const [origin, setOrigin] = useState<Origin | null>(null);
  const [fault, setFault] = useState<unknown>(null);
  /** The state that the server has, or begins with: no change. */
  const settled = useRef<Snapshot>(history.present);
  const { present, start } = history;

  const begin = (text: string, from: Origin, stamp: Stamp, options: { isDirty: boolean; isConflict?: boolean }) => {
    const snapshot = { text };
    settled.current = snapshot;
    start(snapshot);
    saver.begin(stamp, text, options);
    setOrigin(from);
  };
  const load = async () => {
    setFault(null);
    const kept = saver.kept();
    let copy: Copy;
    try {
      copy = await saver.read();
    } catch (reason) {
      if (kept === null || !(reason instanceof OfflineError)) return setFault(reason);
      // What is here can be worked on until the server answers; it then says whether somebody else saved.
      const stamp = { ...saver.state.get().stamp, revision: kept.revision, base_version: kept.base };
      return begin(kept.text, { kind: "local" }, stamp, { isDirty: true });
    }
    const { text, ...stamp } = copy;
    if (kept !== null && kept.text !== text) {
      const isConflict = kept.revision !== copy.revision;
      return begin(kept.text, { kind: "local" }, stamp, { isDirty: true, isConflict });
    }
    if (text !== null) return begin(text, { kind: "copy" }, stamp, { isDirty: false });
    try {
      const version = active ?? (await newestVersion(course));
      if (version === null) return begin(empty, { kind: "empty" }, stamp, { isDirty: false });
      const published = await versionText(course, version);
      begin(published, { kind: "version", version }, { ...stamp, base_version: version }, { isDirty: false });
    } catch (reason) {
      setFault(reason);
    }
  };
  // biome-ignore lint/correctness/useExhaustiveDependencies: once; what is published later does not replace what is written.
  useEffect(() => {
    void load();
    return saver.open();
  }, []);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the saver is one for the page.
  useEffect(() => {
    if (origin === null || present === settled.current) return;
    settled.current = present;
    saver.changed(() => textOf(present));
  }, [present]);

  /** Theirs replaces what is here; what was here can be had back by undoing. */
  const loadTheirs = async () => {
    try {
      const { text, ...stamp } = await saver.read();
      const next = text ?? (active === null ? empty : await versionText(course, active));
      const snapshot = { text: next };
      settled.current = snapshot;
      history.change(snapshot);
      saver.begin(stamp, next, { isDirty: false });
      setOrigin({ kind: "copy" });
    } catch (reason) {
      setFault(reason);
    }
  };
  saver.onNewer = () => void loadTheirs();
  return {
    ...history,
    save,
    origin,
    fault,
    retry: () => void load(),
    text: () => textOf(present),
    tree: origin === null ? null : treeOf(present),
    loadTheirs,
    /** What is here is saved over theirs; theirs can be had back by undoing. */
    takeOver: async () => {
      try {
        const { text, ...stamp } = await saver.read();
        const mine = present;
        if (text !== null) history.change({ text });
        const again: Snapshot = "text" in mine ? { text: mine.text } : { tree: mine.tree };
        history.change(again);
        settled.current = again;
        saver.changed(() => textOf(again));
        saver.takeOver(stamp);
      } catch (reason) {
        setFault(reason);
      }
    },
    /** Changes the outline. */
    edit: (change: (tree: Tree) => Tree, what = "") =>
      history.change((now) => {
        const tree = treeOf(now);
        const next = tree === null ? null : change(tree);
        return tree === null || next === null || next === tree ? now : { tree: next };
      }, what),
    /** The text on the page is that of a version now. The active one needs no working copy. */
    loadVersion: async (version: number, isActive: boolean) => {
      const text = await versionText(course, version);
      const snapshot = { text };
      if (isActive) {
        settled.current = snapshot;
        history.change(snapshot);
        await saver.discard(version, text);
      } else history.change(snapshot);
      setOrigin({ kind: "version", version });
    },
    /** What is here has just been published. */
    published: async (version: number) => {
      const text = textOf(present);
      await saver.discard(version, text).catch(() => undefined);
      setOrigin({ kind: "version", version });
    },
    isDirty: origin?.kind !== "version" && origin?.kind !== "empty" ? true : save.status !== "saved" || history.mayUndo,
  };
}
