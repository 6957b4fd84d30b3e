# cmake -DIN=file -DOUT=file.c -DNAME=symbol -DHEADER=path.h -P embed.cmake
# Writes a C file that defines `const uint8_t NAME[]` with the bytes of IN, and NAME_bytes.
file(READ ${IN} hex HEX)
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
file(WRITE ${OUT} "#include \"${HEADER}\"\n\nconst uint8_t ${NAME}[] = {${bytes}};\n"
                  "const size_t ${NAME}_bytes = sizeof(${NAME});\n")
