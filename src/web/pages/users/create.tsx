import { useMutation } from "@tanstack/react-query";
import { request } from "../../api/request.ts";
import type { User } from "../../api/types.ts";
import { useAccountText } from "../../i18n/account.ts";
import { PartForm, textIn } from "../account/part.tsx";
import { ROLES } from "./roles.ts";

/** Makes an account for somebody. */
export function CreateUser({ onDone }: { onDone: () => void }) {
  const text = useAccountText();
  const create = useMutation({
    mutationFn: (body: object) => request<User>("/users", { method: "POST", body }),
    onSuccess: onDone,
  });
  return (
    <details className="create-user">
      <summary>{text.create}</summary>
      <p className="fine">{text.createHint}</p>
      <PartForm
        label={text.create}
        write={create}
        done={text.created(create.data?.name ?? "")}
        onSubmit={(form, element) => {
          const password = textIn(form, "password");
          const body = {
            name: textIn(form, "name").trim(),
            email: textIn(form, "email").trim(),
            role: textIn(form, "role"),
            ...(password === "" ? {} : { password }),
          };
          create.mutate(body, { onSuccess: () => element.reset() });
        }}
      >
        <div className="two-fields">
          <label className="field">
            <span>{text.name}</span>
            <input name="name" required maxLength={100} autoComplete="off" />
          </label>
          <label className="field">
            <span>{text.email}</span>
            <input name="email" type="email" required maxLength={254} autoComplete="off" />
          </label>
        </div>
        <div className="two-fields">
          <label className="field">
            <span>{text.role}</span>
            <select name="role" defaultValue="learner">
              {ROLES.map((role) => (
                <option key={role} value={role}>
                  {text.roles(role)}
                </option>
              ))}
            </select>
          </label>
          <label className="field">
            <span>{text.passwordOptional}</span>
            <input name="password" type="password" minLength={10} maxLength={128} autoComplete="new-password" />
          </label>
        </div>
      </PartForm>
    </details>
  );
}
