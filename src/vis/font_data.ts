// Written by scripts/make-font.py. Do not edit.

/** Width in pixels of the characters 0x20 to 0x7e, which stand side by side in `fontPng`. */
export const fontWidths: readonly number[] = [
  7, 9, 10, 18, 14, 21, 17, 6, 9, 9, 11, 18, 7, 8, 7, 7, 14, 14, 14, 14, 14, 14, 14, 14, 14, 14, 7,
  7, 18, 18, 18, 12, 22, 15, 15, 15, 17, 14, 13, 17, 17, 6, 6, 14, 12, 19, 16, 17, 13, 17, 15, 14,
  13, 16, 15, 22, 15, 13, 15, 9, 7, 9, 18, 11, 11, 13, 14, 12, 14, 14, 8, 14, 14, 6, 6, 13, 6, 21,
  14, 13, 14, 14, 9, 11, 9, 14, 13, 18, 13, 13, 12, 14, 7, 14, 18,
];

/** DejaVu Sans, 22 pixels, as a grey PNG in base64: white is ink. */
export const fontPng =
  'iVBORw0KGgoAAAANSUhEUgAABNkAAAAbCAAAAABkLAaXAAAS1klEQVR42u2c7WHrKNOGb78dTEogJbAlkBJwCUoJpA' +
  'SlBKUEpQRcAi4Bl4BKmPcH37Ls2Dk5u2f3MT8S2yDE11wMwwDwCI/wCI/wCI/wCI/wCI/wCI/wCI/wCI/wCP+FYFk/' +
  'GuHfFWbzveckTwAo2EcTPsK/KAhm5nbMe2aev3yMXBBbvzN/9eRmCmkDs7yaMjCVv11M/OlfH4wLrCpJoDi4yyz6v4' +
  'ZYPMaOC4Djm/rchjClRrOhtJ6YfPCzKgMhxP8j3gEs70rXMSPurt7ICsDgQnBDGkJqdMzpC9ToApe3C2M9Bzs0GUx5' +
  'mE4cg29aLjhDACSXIACARs/sRyr142DVz3WZnn34OkPPoZUt5lTYmoWfRIkN3o6yS87MrNpvqVXU5AP7Wee0uXtcTB' +
  'B/aP8CwrOlJingOY622K4u/aRzTqlugw0cXG7HWBA/5WJuxpZxJCYfgrcDgbgNI3ERXGaJuRQEmHgWOdZkMCgOgOLM' +
  'nYktbHlGMkvX5O6b9g/bnce8OVcv+2X+uSFCVv0n6PQrYBvluglIjsMtutg22RQbQDeDuOps3gkZXOrf8goRGibUEa' +
  'HS6KHgf4VsPlQoTQ2hspiWAd/JtG2qc4FswtcHZT+yZapRFAaVvpmf6rKhJw0ANbnA3pq2eRQXUlQ4udjXwrXVriCz' +
  '9CXZyJaqqlvJJgPPXVLAc+FuqGTzHdlKKYPui6Wvxo4ZIKnKX5BNcZ1jAyv4hFWbe2zkOQEt5hsIFDJ7HRu0ZHOASN' +
  'UYWdW+mBuwhW20QYbpx3S2gZ34KuU/rLMF/r35W85alMwTEU1sv0+2kSUw57aRky8T6cAKMKxWa8yJvSLSdkW2OevS' +
  'c3zCKQgWUI5qAb4GneQJGJgNkUkiMVojbSGbNZJI2ijEsKMSEGPFEHlnC9laQwh59pogR9M15hj/eU2kPVsAFNhJEo' +
  'b5p7S2YdYEaQsaGqVhpKZ7bOnGyBRhktiT5zBKghg8yxRLQs3MnrBC0OpbfpTUlHn0JdlkiCOrJ5tL3zS7nFNIvRLJ' +
  'Rp6DESDtUsfFcirPgS7GShunSBHYKoJQ01xlPVWhJxt8mSI0hzqsg0vNF+tFMRkF1plvAMacadbuZCWbrMpgJZtiHo' +
  'TnO7Sz75Ft2pxIL+f1HySbL3ioPSFapfpesrkAIGlmdeaUAGYGIHkEMDVQWptOI9molCEOCzLBKlY2mLvIZlgDPpa0' +
  'GYaWV1qp46kbF658kvMm2UY+N4uIKFWUIKaYCRiKEFyfLmhw29WZRnnBnCOyCucGSRBqDFy4Txwo5AbKTEktMHPIWR' +
  'rREEdF3eoa2eZabTHdRjaVwLYi25DE2/KQyTYmskay1VfZ2ITpecGsL8dSxONwNoQvks2UjrE8lnSSR5cGYmzFuB7N' +
  '69CZZwCyGwQiUq9ITwhnZFMcNEDuDrR9l2zD/zrZai0q2egXyEY8Z3wB8DzL2QhtJQAbAAiemvit6SWSbaioSa1OJn' +
  'DDtdvI5piQTSdUV7xnZBu7saazFCgesU22sDEpJhmh+j4CppSz5GvjRc3NenzdzuzM+aMq6Ww6L8eitu2KIE+1ZX3R' +
  'j3xBwxa6hliGy2RbP3oD2RTXwdCSTTkmAIKdymRTST12rLpXUWzs/LxncyXWsTnrz6tkK1NE/JBGi2E9sgSgsjBMbD' +
  'Ek9ibdzbeDgNI3UR+QK7KpkKaU+SrahLGBQ7IYMmNwIcwpLzIuBDcKAJBzCG6o8lHsvmNUJ+a4k1DTpLysvLQandlR' +
  '89PgQpgFaPTsR5znkEzIequgXeFiHKcH3CiKSYVqe3EARGOkkKkgOmoKxKEaBSa2XVpRbQLTbyBbb9CwqZzFzpZ0Ng' +
  'O4Nv801a3INtcfk9nlO2QTbBtOVdE6I9vUsrbIBXmHhmwusE8dJ7c4VEUv6WweHdlUVSY6nUKOgTlEy/jctaGIyhwz' +
  'W93DTaVWE6HTHcdcD8cKMr+k6mwzALPq3oY4oTP8nwPJnI2Mr8im68p+RbaBDQDDQyWbjOqXi2YL3/SOXZGtj3Wdzq' +
  'Zj+9KNZMs2BJhSDgCWSfWMJM9jsa9Bc6BeDbcpYZFUVcZUIpsMXpQyT9em48awyRwNvEG11l1bbcRThEeOcdSSrU+T' +
  '84rIPSMbpSrkn2JiT65wcpVDNiHP5wXdfDFlm7q9RDZkI4VilyEwxblR81wmrti9tkzYFreSLdxBtmbWOiebb8hmWE' +
  'Vjm+lMTjrwhurs65Z1VD3KavQesg08ACaPTVuEbE02EZodcmHyImOKNsN+B8FkMo2+gK7ToqCznS3KWFyNGm6XSZVs' +
  'ZBwz563GDbIBEKNnDpPqdth0KpUCMHj2BmEqe84RatkanuxsA6dl3nyJbC5tKVwi27mu8QXZ5qZvV2SjCKRAlWxpTD' +
  'lW/as0h9Vq9EIsybQ2pcDedNuDl8mmU18kg1ssQ3AgtrVaSVjHpilctxYdy/ZM6drgz3cQbgmzkURijDVh5lFA2ohq' +
  'x14TSTMBFNhKiIkjPBw7RaSSWSWtRlOakTNgeBQkkwVxTTbhs4kx/cRGkArsw0A0xLbqcqDAToLSyO4KuipcjAMmtj' +
  'IVv6xGe7JlI8XMAzDE4RCCAzDykCU1iatOM0tjzxIhz2hUF9iyXf9tLpxoRbYtI6ULALyv5iuaG2u8kN5BhAliDmGm' +
  'BGeVTMe6GQBNEUYeAXIaggX0XTsIlqmZdSuL12RzJWZkZp5lM+nmeo5GEikX6WDY2WajLmWfG1A7Zmany+AiYXiTbN' +
  'oysx2+tmuoKTD7vPsp08wYF/9pjp7CBOgIs6iDmmLhSvO5bvY5ttAVq1D3RtuH5069Ods5zTpGTzZudJMV2TCzhOQZ' +
  'DdkEB0pka0sZLZbtDsJWbNqylajqRPJruU42RE0sKYwxoeQpjuXGhJEtemUR3A6ioWCukq0M0DvJVmZ0DSBpRNF+qB' +
  'uY5iE0M0c8U5qjqZKtT4NEZhmn4BXZZDGw5J9M6mpVxb3LoZqQ/bqgZy+emt3A3s7Wky31Tvwn2AHE88wEuNiamr1w' +
  'qaRxk6CuSkE+a8Virlb1hmyOy4hQc+BgjSII48WXRsrezBZVZJdN4MKGMBNsIHgvhHcAKATKjWoqKxviVp2reH1sKj' +
  'ZbKGaHW8g212XFyMzsTVmLnhE87jiaOKNJVwc7Fc9ImgIzc/LdS7so1m2019zQ6sugZ85CWSxoOpqkwkCkA0+AiG8J' +
  'uc+phVMs0d9JNntZZ4PiCROrlmxxlXaRbNXr43Ksrs3lW2ebK2Sbkl/HlM1tFHeeRpbVzBZ9ezqWtQaF6hZbyabzy+' +
  '8l22BDWR7kjEeeeqNJHpeKuR0RllUVzpxGZsCIMwtbxpiqRqH8k2hXIobHdQ5ZniL9u4L2hSuPGZ7pOtmispZVN88E' +
  'zcPAuprIpuo2E8tULDAgF2RRr+uGXEM24dK4zSv2JBjUeuouWDakDwdA4ZC+np73H4s0Lrp0nF6envaLVm/LIN5Opz' +
  'epAU2fC44vy2gAjc9f3Q7pnSUVPoFaTNoqMYBZH17y57fd7vmVxhHAKF43Er9DxTzf3k/L8WWhYn7H8ZjyG44vT08v' +
  'p2EGgM+/Phec3l8uvH35TkUFTvnDEVB4+1iWz7emG+hwAnA65NLtd7vd08txsAAWiMv5LiX5brfbofm2bx593+12ue' +
  'A57XErw483TJecIw8nTfp0WLXuIHK7iGaxsJRmOn3+9bkdu9/tnt5Q1vWf++en/RGj+mrxgQ8oAuXRdzpBxiF8hIJC' +
  'qdeET4xis+uExet5/Q/43oEpO3Xr6NjVR4jU3aUSOSL23JhdEAlnaU59Xpsvpf1a+k6xkqeusqc29/juZYnvbAraF6' +
  '7EfRx0cJO+tkT5wABgwEd8XEHhcIj/YoLXEy371MVtWgCz3B9vFqHT/unp+fXjtCzHt+elJ9vZbh3zFO19tlgkPl8P' +
  'by8HVecsmg4fkHHgyCyjx5dlHJX8PDWZ07p7cNqdWmH6xPNut9vtLvdWHKynLAVis2PJ6sO+69CPFxgCdLRK6t5r6Q' +
  'QQcEJs6OUAWV6WGlipZX9YlsPLohQAHPdPu+c3sfX2/f4gR9+uRi+po3IKsz69Py9rGV3KeD8CgMQCYEgWXIUGK8th' +
  'v0iV2v0S2a6PjCuPXgjvV9D2SROtpOn0jvH8VRkv+91u97w/XogFsLy/YaqNuXz+dbxCF0qD+HgkDUUZskcoyOMCdA' +
  'KFUR73H7Rp+KeZPj42Jq2D/I77hFbL6/PTbvd+jcY/Hj56an8/XCvo8vLyvujZD5efO5ykhJDLIc4NCup0Op2ajlAC' +
  'JPIsRzrP4gBmtU9pDrvng9zSk2f5+bw7AMDn8+eynD5en5+e/npfutNV77tbNazDy1K7eKTXJJBp3pWIaDPz8tYCRH' +
  'ylap2Hp91ut3tuWHs6RSmIXhibckuzOrysXnC8qtZgQZtRelbKrHFKHBcAWDoOaJw23v758vR2VFNzuGzznaN3Az5e' +
  'nt9SH77ktl8iZmVpSLMcAFFzk52ScYIEPiEuSPtAX5Dt8qPfQdtHnQ1q8kXL9atI43C5INSp+u8nGnoWr3tyWXK3yK' +
  'JKYGhm/gOUpCOA5ShJFoEyyx5vJ7VVl0keXreb6ztKm8L7x2lBKbio0/KpGVF5jMr07TXpzq1YLuXhL8Prh7B3oi03' +
  'JCUJbQraF65lwdvL0x6T2BSs0mi5Mw5QQhyAgxCZbDTjA3lN23XcqF9r1U/7zUlY4vWUX3Mfr3szW9rpyWYfZK8PTN' +
  'E+OAK6Hs/rjBFzNWm4C977X+4gqHJm6rKnLrkND9rOp2PTzpb3WSn7zRfvjmpYrXHRsnvxeFXr9bHRppteH+jtbDra' +
  '2ZRLBkvbbWBnC1dy/foZT92Q7GxfnkEwnQWu2tmAePqgtbMBhu11T911QdKuYY4dWjN/44Jd7GzVqlo+ELOqXS6Yx5' +
  'jZxMW7JJ1BqOdHmwxN52LS+LmL9IL77Gxp6MtsZ+t3EOjSDoKjcyP4mSEfF+1swMhedHa2JAsuvW5c53DPDsJqY083' +
  'Xhmp5cdk0BMcqmeEj12hecytanlsZM1z8UgwK/PxT3p9pOOg1alD2EFgNtLWzvZpa1Dnw6WOgxEQg1/bZ9eeulfJtv' +
  'I5j5bw7CrZn67qyNaDTc9aEAnTnexLZFNWCyJlUy5qtYNQjxJCMFsVkwoA4yiJtE8F3PJnw92eumU3gnhq9kazW8Lq' +
  'wFCS+lKirdNVEGq653SVnPhWsmW0nZMtT0At2ShwSCfwts5PNVuTOTZiusR6NoCxgxSxxmoNIsk8S0KuQeJk0+Wek1' +
  'RozucnOhfRVYa6P47SnuCJ3sh3ks2wVyR0yGQ78/rABa8PLSDkaBuynXl9XCMbxtSUt5LtHq+P1M6jEqAhsAIcp1Ft' +
  '2UoSYzlJ7Lg9A8RM0Z9sQlFPqLhIGw7loPCEG8jmv0m2iUU6a1B2k+rR6liS5GGV90aLhyEb3R6tFPylM1BPNndOtn' +
  'K8ZW59+FS78ze0Z5mbY9TinGzM3cl2w41fYo+qodssTH5wXvRkc+eq2YXTVRvKXN1njcdrkz9bugdjfci72cA0dYfo' +
  'lhPx595t9UR8zOumuz7i2PeN+fAy2TDk4XJ+5r0tSIl1so8d2JfeaTzQmhYfVl3ZXx8ATHkbispsW+hFZdYoGYbWMk' +
  'od2UyeBu8hG6WrWbKfxY2euqW1WseFkibcQDaYiLZbyXaPp24eI/UBk9orJ806G4ZGx9HpugRXFIog2q1oCvl6Hf75' +
  'MwidA4FDcnDM6ywXWq8ikd8h5hDmNFaMCzHJ1E5+qxPxX5BtdURrjme4CsXbW4yukC1emtHfYlQ3sCcXmjt0oGxoau' +
  'baAsjZc/HiTadeeuVy+rWrPyrZBHtx3jBz0zBzYUpjzbvxFqNzsqVbjII1hCtkWy1VDfNwK9ng+dItRnrDNyKcxXoe' +
  'ADU6z6HprnYuSfc0yFYxDe16IY8cn+WmukSU9WjJkC+TrdwMdpfXh5gD+0mMiWwwjrdPV9nudNVgA3sXnYiKS1ZMky' +
  'T6K7Jh4CDvINv6dFVb0PWxrlgzYz379MDokxeTsiE4jdwFFKpfDnG2JDG1/VDOmGQd+pxs3z8Rf7PZ4HsyvHGL0ZXg' +
  'NxKN/IN3ov1w8D/WwkNRG4HB/iGXcglm8fe8KFw7pvQP1f3skrbveer+YFCXr2P4sYPp20Yj/u13FemLMd+9xeg3kw' +
  '02Coe55RZlsZXIB/ypQfzg1dCG2Q6CIAbHfwjZWsPqb5dZHv60vm3WuSOrG+/U/c3yP94HpH8L2cTlLYGhWMGK5sw/' +
  'O1get4X/buH2a5vSHyDaf9ul/ub8Uuw/iGx5cf9PkU1NiiDniyo0mTOD77+JbOIKsu+8LfwR/sSgJx+CH8WfIto/ej' +
  'f6fzY0d8z/Njjrs/uXz/San9Ji/n6yqcbM+rWO9AiP8Aj/GbJhsL5c9bZFNv9jWsw/QjYnb2roB9ke4REe4X8y/D/P' +
  'EBPttM88ewAAAABJRU5ErkJggg==';
