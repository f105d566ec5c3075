import { useEffect, useRef } from "react";
import { useLanguage, useMessages } from "../../../i18n/index.ts";
import { useStudioText } from "../../../i18n/studio.ts";
import { titleIn } from "./text.ts";
import type { Doomed } from "./use-outline.ts";

/** The limit of named items. */
const MAX_NAMED = 20;

/** Asks before something is deleted, and names the items that wait for it. */
export function DeleteDialog({ doomed, remove, keep }: { doomed: Doomed; remove: () => void; keep: () => void }) {
  const text = useStudioText();
  const messages = useMessages();
  const language = useLanguage();
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  const { leaf, inside, dependents, isTutorial } = doomed;
  const named = dependents.slice(0, MAX_NAMED);
  return (
    <dialog className="studio-dialog" ref={dialog} aria-labelledby="delete-title" onClose={keep}>
      <h2 id="delete-title">{text.deleteTitle(titleIn(leaf.fields.title, language) || text.untitled)}</h2>
      {inside === 0 ? null : <p>{text.deleteInside(inside)}</p>}
      {dependents.length === 0 && !isTutorial ? <p>{text.deleteFree}</p> : null}
      {isTutorial ? <p>{text.deleteTutorial}</p> : null}
      {dependents.length === 0 ? null : (
        <>
          <p>{text.deleteDependents(dependents.length)}</p>
          <ul>
            {named.map(({ key, fields }) => (
              <li key={key}>{titleIn(fields.title, language) || String(fields.id)}</li>
            ))}
          </ul>
          {dependents.length > named.length ? <p>{text.andMore(dependents.length - named.length)}</p> : null}
          <p className="fine">{text.deleteThen}</p>
        </>
      )}
      <div className="actions">
        {/* biome-ignore lint/a11y/noAutofocus: a dialog takes the focus, and the harmless answer has it. */}
        <button type="button" className="button" autoFocus onClick={() => dialog.current?.close()}>
          {messages.cancel}
        </button>
        <button type="button" className="button is-primary" onClick={remove}>
          {text.delete}
        </button>
      </div>
    </dialog>
  );
}
