import { version } from '../package.json'

declare const BUILD_COMMIT: string | undefined

/** Semantic version of the product. */
export const VERSION: string = version

/** Short commit of the binary; `source` when it runs from source or was built outside of git. */
export const COMMIT: string = typeof BUILD_COMMIT === 'undefined' ? 'source' : BUILD_COMMIT
