import { Component, type ReactNode } from "react";
import { ApiProblem, OfflineError } from "../api/problem.ts";
import { useMessages } from "../i18n/index.ts";
import { WarnIcon } from "./icons.tsx";

/** What went wrong, in the server's words, with a way to try again. */
export function FaultNote({ fault, retry }: { fault: unknown; retry?: () => void }) {
  const messages = useMessages();
  const problem = fault instanceof ApiProblem ? fault.problem : null;
  const text = fault instanceof OfflineError ? messages.offline : (problem?.detail ?? problem?.title ?? "");
  const title = problem === null ? null : messages.problemTitle(problem.code);
  return (
    <div className="note is-bad" role="alert">
      <WarnIcon />
      <div>
        <strong>{messages.somethingWrong}</strong>
        {title === null ? null : <p>{title}</p>}
        {text === "" ? null : <p className={title === null ? undefined : "fine"}>{text}</p>}
        {problem?.errors?.map((error) => (
          <p key={`${error.path} ${error.rule}`}>
            <code>{error.path}</code> {messages.ruleName(error.rule)} {error.message}
          </p>
        ))}
        {problem?.request_id === undefined ? null : <p className="fine">{messages.requestId(problem.request_id)}</p>}
        {retry === undefined ? null : (
          <button type="button" className="button" onClick={retry}>
            {messages.retry}
          </button>
        )}
      </div>
    </div>
  );
}

export function Loading() {
  const messages = useMessages();
  return (
    <p className="loading" role="status">
      {messages.loading}
    </p>
  );
}

function Crashed() {
  const messages = useMessages();
  return (
    <div className="page">
      <h1>{messages.somethingWrong}</h1>
      <p>{messages.fault}</p>
      <button type="button" className="button is-primary" onClick={() => location.reload()}>
        {messages.reload}
      </button>
    </div>
  );
}

/** The last net: a fault of the page itself leaves a sentence and a button instead of an empty window. */
export class Net extends Component<{ children: ReactNode }, { hasFailed: boolean }> {
  override state = { hasFailed: false };

  static getDerivedStateFromError() {
    return { hasFailed: true };
  }

  override render() {
    return this.state.hasFailed ? <Crashed /> : this.props.children;
  }
}
