import { formatInstant, useLanguage } from "../../../i18n/index.ts";
import { useStudioText } from "../../../i18n/studio.ts";
import { FaultNote } from "../../../parts/fault.tsx";
import { WarnIcon } from "../../../parts/icons.tsx";
import { useUser } from "../../../session/hooks.ts";
import type { Origin, useCopy } from "./use-copy.ts";

type Copy = ReturnType<typeof useCopy>;

/** Whether the text is saved on the server, who else is writing, and what to do if somebody else saved. */
export function SaveStatus({ copy }: { copy: Copy }) {
  const text = useStudioText();
  const language = useLanguage();
  const me = useUser()?.id;
  const { status, stamp, others, isKept, fault } = copy.save;
  const who = stamp.saved_by === me ? text.yourself : (stamp.name ?? stamp.saved_by ?? text.somebody);
  const when = stamp.saved_at === null ? "" : formatInstant(stamp.saved_at, language);
  const words = {
    saved: stamp.saved_at === null || copy.origin?.kind === "version" ? text.allPublished : text.savedAt(when),
    waiting: text.saving,
    saving: text.saving,
    offline: isKept ? text.offlineKept : text.offlineNotKept,
    refused: text.refused,
    conflict: text.conflictShort,
  };
  return (
    <div className="studio-status">
      <p className="fine" role="status" data-save={status} data-revision={stamp.revision}>
        {words[status]}
      </p>
      {others.length === 0 ? null : (
        <p className="studio-others" role="status">
          <WarnIcon />
          {others
            .map(({ name, user_id, since }) => text.alsoHere(name ?? user_id, formatInstant(since, language)))
            .join(" ")}
        </p>
      )}
      {status === "refused" ? <FaultNote fault={fault} /> : null}
      {status === "conflict" ? <Conflict copy={copy} who={who} when={when} /> : null}
    </div>
  );
}

function Conflict({ copy, who, when }: { copy: Copy; who: string; when: string }) {
  const text = useStudioText();
  const language = useLanguage();
  const refused = conflictOf(copy.save.fault);
  const name = refused?.name ?? who;
  const at = refused?.saved_at == null ? when : formatInstant(refused.saved_at, language);
  return (
    <div className="note is-bad" role="alert" data-conflict="">
      <WarnIcon />
      <div>
        <strong>{text.conflictTitle(name, at)}</strong>
        <p>{text.conflictText}</p>
        <div className="actions">
          <button type="button" className="button" onClick={() => void copy.loadTheirs()}>
            {text.loadTheirs}
          </button>
          <button type="button" className="button" onClick={() => void copy.takeOver()}>
            {text.takeOver}
          </button>
        </div>
      </div>
    </div>
  );
}

/** Who saved the server's revision: members of the refusal. */
function conflictOf(fault: unknown): { name: string | null; saved_at: string | null } | null {
  if (typeof fault !== "object" || fault === null || !("problem" in fault)) return null;
  const { problem } = fault;
  if (typeof problem !== "object" || problem === null || !("saved_at" in problem)) return null;
  const name = "name" in problem && typeof problem.name === "string" ? problem.name : null;
  return { name, saved_at: typeof problem.saved_at === "string" ? problem.saved_at : null };
}

/** The origin of the text, in words. */
export function originText(origin: Origin | null, text: ReturnType<typeof useStudioText>): string {
  if (origin === null || origin.kind === "empty") return "";
  return origin.kind === "version" ? text.fromVersion(origin.version) : text.fromCopy;
}
