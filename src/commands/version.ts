import { COMMIT, VERSION } from '../version'

/** Prints the version and the commit it was built from. */
export async function versionCommand(): Promise<number> {
  console.log(`linkstead ${VERSION} (${COMMIT}) on Bun ${Bun.version}`)
  return 0
}
