import { type SubmitEvent, useState } from "react";
import { request } from "../../../api/request.ts";
import { useMessages } from "../../../i18n/index.ts";
import { usePeopleText } from "../../../i18n/people.ts";
import { FaultNote } from "../../../parts/fault.tsx";
import { type MessagesSent, usePeopleWrite } from "./api.ts";

/** The limit of learners for one message. */
const AT_ONCE = 50;

/** A message to learners: it appears in their notices of the course. */
export function MessageForm({ course, users }: { course: string; users: readonly string[] }) {
  const messages = useMessages();
  const text = usePeopleText();
  const [said, setSaid] = useState("");
  const send = usePeopleWrite(course, async (body: string) => {
    const results: MessagesSent["results"] = [];
    for (let from = 0; from < users.length; from += AT_ONCE) {
      const user_ids = users.slice(from, from + AT_ONCE);
      const sent = await request<MessagesSent>(`/courses/${course}/messages`, {
        method: "POST",
        body: { user_ids, text: body },
      });
      results.push(...sent.results);
    }
    return results;
  });
  const onSubmit = (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    if (!send.isPending) send.mutate(said, { onSuccess: () => setSaid("") });
  };
  const refused = send.data?.filter(({ outcome }) => outcome !== "sent").length ?? 0;
  return (
    <form className="form" onSubmit={onSubmit}>
      <label className="field">
        <span>{text.message}</span>
        <textarea value={said} required maxLength={2_000} rows={4} onChange={(event) => setSaid(event.target.value)} />
        <span className="fine">{text.messageHint}</span>
      </label>
      <button type="submit" className="button is-primary" aria-disabled={send.isPending}>
        {send.isPending ? messages.working : text.messageSend}
      </button>
      <p className="fine" role="status">
        {send.data === undefined ? "" : text.messageSent(send.data.length - refused)}{" "}
        {refused > 0 ? text.notDone(refused) : ""}
      </p>
      {send.isError ? <FaultNote fault={send.error} /> : null}
    </form>
  );
}
