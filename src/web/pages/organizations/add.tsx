import { useId } from "react";
import type { Answer } from "../../../client/index.ts";
import { request } from "../../api/request.ts";
import { useAccountText } from "../../i18n/account.ts";
import { useLanguage } from "../../i18n/index.ts";
import { useOrganizationText } from "../../i18n/organizations.ts";
import { PartForm, textIn } from "../account/part.tsx";
import { type Acted, type Person, sendActs, useOrganizationWrite } from "./api.ts";
import { Results } from "./results.tsx";

type Users = Answer<"/api/v1/users", "get">;

/** How people come into an organisation: they are created in it, or an administrator puts them in. */
export function AddPeople({ organization, isAdmin }: { organization: string; isAdmin: boolean }) {
  return (
    <div className="halves">
      <Create organization={organization} />
      {isAdmin ? <MoveIn organization={organization} /> : null}
    </div>
  );
}

function Create({ organization }: { organization: string }) {
  const text = useOrganizationText();
  const account = useAccountText();
  const lang = useLanguage();
  const id = useId();
  const create = useOrganizationWrite((body: object) =>
    request<Person>(`/organizations/${organization}/people`, { method: "POST", query: { lang }, body }),
  );
  return (
    <section aria-labelledby={id}>
      <h2 id={id}>{text.createTitle}</h2>
      <PartForm
        label={account.create}
        write={create}
        done={account.created(create.data?.name ?? "")}
        onSubmit={(form, element) => {
          const body = {
            name: textIn(form, "name").trim(),
            email: textIn(form, "email").trim(),
            role: textIn(form, "role"),
            invite: form.has("invite"),
          };
          create.mutate(body, { onSuccess: () => element.reset() });
        }}
      >
        <label className="field">
          <span>{account.name}</span>
          <input name="name" required maxLength={100} autoComplete="off" />
        </label>
        <label className="field">
          <span>{account.email}</span>
          <input name="email" type="email" required maxLength={254} autoComplete="off" />
        </label>
        <label className="field">
          <span>{account.role}</span>
          <select name="role">
            <option value="learner">{account.roles("learner")}</option>
            <option value="author">{account.roles("author")}</option>
          </select>
        </label>
        <label className="check">
          <input name="invite" type="checkbox" defaultChecked /> {text.invite}
        </label>
      </PartForm>
    </section>
  );
}

/** Puts people in by id or address. An address is looked up first; one that nobody has is told like an unknown id. */
async function moveIn(organization: string, named: readonly string[]): Promise<Acted> {
  const ids = new Map<string, string>();
  const unknown: Acted["results"] = [];
  for (const [index, who] of named.entries()) {
    const id = who.includes("@") ? await idOf(who) : who;
    if (id === undefined) unknown.push({ index, user_id: null, outcome: "user_not_found", who });
    else ids.set(id, who);
  }
  const acted = await sendActs(
    [...ids.keys()].map((user_id) => ({ user_id, act: "move", organization_id: organization })),
  );
  return {
    ...acted,
    results: [...unknown, ...acted.results.map((row) => ({ ...row, who: ids.get(row.who) ?? row.who }))],
  };
}

async function idOf(email: string): Promise<string | undefined> {
  const { results } = await request<Users>("/users", { query: { search: email, limit: 50 } });
  return results.find((user) => user.email?.toLowerCase() === email.toLowerCase())?.id;
}

function MoveIn({ organization }: { organization: string }) {
  const text = useOrganizationText();
  const id = useId();
  const move = useOrganizationWrite((named: readonly string[]) => moveIn(organization, named));
  return (
    <section aria-labelledby={id}>
      <h2 id={id}>{text.moveTitle}</h2>
      <PartForm
        label={text.moveIn}
        write={move}
        onSubmit={(form) => {
          const named = [...new Set(textIn(form, "who").split(/[\s,;，；]+/))].filter((who) => who !== "");
          if (named.length > 0) move.mutate(named);
        }}
      >
        <label className="field">
          <span className="visually-hidden">{text.moveTitle}</span>
          <textarea name="who" rows={5} required spellCheck={false} aria-describedby={`${id}-hint`} />
          <span className="fine" id={`${id}-hint`}>
            {text.moveHint}
          </span>
        </label>
      </PartForm>
      <Results acted={move.data} names={new Map()} isBusy={false} clear={move.reset} />
    </section>
  );
}
