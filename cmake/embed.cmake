# cmake -DINPUT=file -DOUTPUT=file.c -DNAME=symbol -P embed.cmake: a file as a C array.
file(READ ${INPUT} hex HEX)
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
file(WRITE ${OUTPUT} "#include <stddef.h>\n#include <stdint.h>\n"
     "extern const uint8_t ${NAME}[];\nextern const size_t ${NAME}_bytes;\n"
     "const uint8_t ${NAME}[] = {${bytes}};\nconst size_t ${NAME}_bytes = sizeof(${NAME});\n")
