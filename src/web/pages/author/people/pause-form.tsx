import { type SubmitEvent, useId } from "react";
import { useMessages } from "../../../i18n/index.ts";
import { usePeopleText } from "../../../i18n/people.ts";
import { instantIn } from "./api.ts";

export interface PauseAsked {
  reason: string;
  until: string | null;
}

/** Why a course is paused, and until when. */
export function PauseForm({ isBusy, pause }: { isBusy: boolean; pause: (asked: PauseAsked) => void }) {
  const messages = useMessages();
  const text = usePeopleText();
  const id = useId();
  const onSubmit = (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    if (isBusy) return;
    const form = new FormData(event.currentTarget);
    const said = (name: string) => String(form.get(name) ?? "");
    pause({ reason: said("reason"), until: instantIn(said("until")) });
  };
  return (
    <form className="form" onSubmit={onSubmit}>
      <label className="field">
        <span>{text.pauseReason}</span>
        <input name="reason" required minLength={3} maxLength={500} aria-describedby={`${id}-reason`} />
        <span className="fine" id={`${id}-reason`}>
          {text.pauseReasonHint}
        </span>
      </label>
      <label className="field">
        <span>{text.pauseUntil}</span>
        <input name="until" type="datetime-local" />
      </label>
      <button type="submit" className="button is-primary" aria-disabled={isBusy}>
        {isBusy ? messages.working : text.pause}
      </button>
    </form>
  );
}
