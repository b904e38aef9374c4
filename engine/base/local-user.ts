import { type UserInfo, userInfo } from 'node:os'
import { UserError } from './errors.ts'

/**
 * @returns who runs this here
 * @throws UserError where the user has no name, as in containers that are given any uid: OpenSSH refuses that as well
 */
export function localUser(): UserInfo<string> {
  try {
    return userInfo()
  } catch {
    throw new UserError(
      `the user here (uid ${process.getuid?.()}) has no name, which ssh needs: give it a line in /etc/passwd, then run again`,
    )
  }
}
