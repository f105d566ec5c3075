import { type SubmitEvent, useId, useState } from "react";
import { useMessages } from "../../../i18n/index.ts";
import { usePeopleText } from "../../../i18n/people.ts";
import { instantIn } from "./api.ts";

const KINDS = ["unlock", "extend", "excuse", "lock"] as const;
export type Kind = (typeof KINDS)[number];
export interface Decision {
  kind: Kind;
  reason: string;
  expires_at: string | null;
  extend_to: string | null;
}

/** A decision about an item, with its reason and its end. */
export function DecideForm({ isBusy, decide }: { isBusy: boolean; decide: (decision: Decision) => void }) {
  const messages = useMessages();
  const text = usePeopleText();
  const id = useId();
  const [kind, setKind] = useState<Kind>("unlock");
  const [reason, setReason] = useState("");
  const onSubmit = (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    if (isBusy) return;
    const form = new FormData(event.currentTarget);
    const said = (name: string) => instantIn(String(form.get(name) ?? ""));
    decide({ kind, reason, expires_at: said("expires"), extend_to: kind === "extend" ? said("to") : null });
  };
  return (
    <form className="form" onSubmit={onSubmit}>
      <label className="field">
        <span>{text.what}</span>
        <select value={kind} onChange={(event) => setKind(KINDS.find((one) => one === event.target.value) ?? "unlock")}>
          {KINDS.map((one) => (
            <option key={one} value={one}>
              {text.kind(one)}
            </option>
          ))}
        </select>
      </label>
      {kind === "extend" ? (
        <label className="field">
          <span>{text.extendTo}</span>
          <input name="to" type="datetime-local" required />
        </label>
      ) : null}
      <label className="field">
        <span>{text.reason}</span>
        <input
          value={reason}
          required
          minLength={3}
          maxLength={500}
          aria-describedby={`${id}-reason`}
          onChange={(event) => setReason(event.target.value)}
        />
        <span className="fine" id={`${id}-reason`}>
          {text.reasonHint}
        </span>
      </label>
      <label className="field">
        <span>{text.expires}</span>
        <input name="expires" type="datetime-local" />
      </label>
      <button type="submit" className="button is-primary" aria-disabled={isBusy}>
        {isBusy ? messages.working : text.decide}
      </button>
    </form>
  );
}
